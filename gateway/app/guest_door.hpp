#pragma once

#include <functional>
#include <mutex>
#include <optional>

#include "gateway/model/clock.hpp"
#include "gateway/model/ids.hpp"
#include "gateway/model/queue.hpp"
#include "southbound/gateway/relay.hpp"

namespace metergate::app {

/// Where guests of a line wait for its thread. Any thread may ask, also after the line has ended;
/// each request is answered once, on the line's thread or, if it is refused, on the asker's, unless
/// the line ends while its panel keeps it waiting.
class GuestDoor {
  public:
    static constexpr std::size_t waiting_max = 256;

    GuestDoor(const Clock& clock, Id line);

    /// `wake` runs when there is something to take, inside ask(), until close(). Before any ask().
    void on_ask(std::function<void()> wake) { wake_ = std::move(wake); }

    /// The answer is busy if too many wait or the line has ended.
    void ask(southbound::gateway::LineRequest request);
    [[nodiscard]] std::optional<southbound::gateway::LineRequest> take();
    /// Answers all that wait, and whoever comes later, that the line has ended.
    void close();

  private:
    const Clock* clock_;
    Id line_;
    std::mutex mutex_;  ///< keeps wake_ from running during or after close()
    bool open_ = true;
    std::function<void()> wake_;
    Queue<southbound::gateway::LineRequest> waiting_{waiting_max, WhenFull::never_drop};
};

}  // namespace metergate::app

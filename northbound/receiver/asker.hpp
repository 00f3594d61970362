#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/model/ids.hpp"
#include "northbound/backoff.hpp"
#include "northbound/receiver/number_set.hpp"
#include "northbound/receiver/panel_book.hpp"
#include "northbound/request_lane.hpp"
#include "northbound/talk.hpp"

namespace metergate::northbound::receiver {

using PanelKey = std::pair<Epoch, std::string>;

/// When to ask for which missing batches: not while the gateway may still be sending them, one
/// request a panel at a time, few at once, and with back-off where asking did not help.
class Asker {
  public:
    /// `name` begins the ids of its requests; `seed` makes them differ from those of other runs.
    Asker(std::string_view name, std::uint64_t seed);

    /// This batch of the panel came, or is now known to exist.
    void heard_of(const PanelKey& key, std::uint64_t number, Instant now);
    /// Answers and what was asked for may be lost: everything may be asked again.
    void connection_lost();

    /// What to ask now; nothing if nothing is to be asked.
    [[nodiscard]] std::optional<DataRequest> next(const PanelKey& key, const PanelBook& book,
                                                  Instant now);
    /// Whose request the answer is for; nothing if it is nobody's.
    [[nodiscard]] std::optional<PanelKey> asked_by(const std::string& id) const;
    /// The request of this panel is answered; `book` knows what came of it.
    void answered(const PanelKey& key, const PanelBook& book, bool served, Instant now);

  private:
    struct Asked {
        std::string id;
        NumberSet::Run run;
        Instant moved;  ///< when it was asked or last brought a batch
    };
    struct Panel {
        explicit Panel(std::uint64_t seed) : backoff(seed) {}

        Backoff backoff;
        Instant heard{};         ///< last sign of life of its stream
        std::uint64_t hole = 0;  ///< where the oldest hole begins
        Instant hole_since{};
        Instant not_before{};  ///< after asking did not help
        std::optional<Asked> asked;
    };

    Panel& panel_of(const PanelKey& key);
    void give_up(Panel& panel, Instant now);
    /// Whether the gateway's own stream will not fill the hole, as far as one can tell.
    [[nodiscard]] static bool is_lost(Panel& panel, std::uint64_t hole, Instant now);

    std::string prefix_;
    std::uint64_t seed_;
    std::uint64_t count_ = 0;
    std::size_t under_way_ = 0;
    MinuteLimit limit_;
    Instant limited_until_{};
    std::map<PanelKey, Panel> panels_;
};

}  // namespace metergate::northbound::receiver

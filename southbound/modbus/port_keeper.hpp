#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "gateway/model/clock.hpp"
#include "southbound/modbus/transport.hpp"

namespace metergate::southbound::modbus {

/// Keeps one transport open: opens it, and opens it again with back-off when it went. One thread:
/// its line's.
class PortKeeper {
  public:
    static constexpr Duration back_off_min = std::chrono::seconds{1};
    static constexpr Duration back_off_max = std::chrono::seconds{30};

    PortKeeper(const Clock& clock, std::unique_ptr<Transport> transport);

    [[nodiscard]] bool is_open() const { return open_; }
    /// Only while open, or for readable_fd(), wake_by() and serial_facts().
    [[nodiscard]] Transport& transport() { return *transport_; }
    [[nodiscard]] const Transport& transport() const { return *transport_; }

    /// Tries to open if it is time to. Returns true if the wire is open now.
    bool try_open();
    /// When to try again, while closed.
    [[nodiscard]] Instant next_try() const { return next_try_; }

    /// The wire went, or cannot be trusted: closes it. A wire that had proven itself is tried again
    /// at once and counts as faulty only if that fails; another one waits for its back-off.
    void lost(Error why);
    /// A good reply came through: the wire works.
    void proven();

    [[nodiscard]] const std::optional<Error>& fault() const { return fault_; }
    /// How often the wire was opened again.
    [[nodiscard]] std::uint64_t reopened() const { return reopened_; }

  private:
    void back_off();

    const Clock& clock_;
    std::unique_ptr<Transport> transport_;
    bool open_ = false;
    bool proven_ = false;
    bool ever_open_ = false;
    Duration wait_ = back_off_min;
    Instant next_try_{};
    std::optional<Error> fault_;
    std::uint64_t reopened_ = 0;
};

}  // namespace metergate::southbound::modbus

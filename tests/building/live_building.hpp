#pragma once

#include <cstdint>
#include <deque>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gateway/model/clock.hpp"
#include "gateway/model/result.hpp"
#include "tests/building/building.hpp"
#include "tests/building/gateway_settings.hpp"
#include "tests/building/live_line.hpp"

namespace metergate::building {

/// The building in real time: pseudo-terminals and TCP ports, and a ledger that grows on disk.
/// Files in its folder: `<line>` (links to the serial ports), `settings.json`, `ledger.ndjson`, and
/// `ready` as soon as the gateway may start.
class LiveBuilding {
  public:
    /// `scenario` is moved to begin now. `connections` names the gateway and the broker.
    LiveBuilding(Scenario scenario, const Clock& clock, std::string folder,
                 GatewayConnections connections);

    /// Each request on a serial line is noted in `<line>.requests.csv`; before open().
    void note_requests() { notes_requests_ = true; }

    /// Opens everything and writes the first files. Errors name the port or file.
    [[nodiscard]] Result<void> open();
    /// Serves until `end`, or until `stop_descriptor` becomes readable; then completes the ledger.
    [[nodiscard]] Result<void> serve(Instant end, int stop_descriptor);

  private:
    [[nodiscard]] Result<void> write_file(const std::string& name, const std::string& text) const;
    [[nodiscard]] Result<void> add_serial_line(Bus& bus);
    template <class Listener>
    [[nodiscard]] Result<void> add_listener(std::unique_ptr<Listener> line);
    [[nodiscard]] Result<Instant> step_lines();
    /// True if the stop descriptor is readable.
    [[nodiscard]] bool wait(Instant until, int stop_descriptor);
    [[nodiscard]] Result<void> write_ledger(UtcTime until);

    const Clock& clock_;
    std::string folder_;
    GatewayConnections connections_;
    Building building_;
    bool notes_requests_ = false;
    std::deque<RequestLog> request_logs_;  ///< lines refer to them
    std::vector<std::unique_ptr<LiveLine>> lines_;
    std::ofstream ledger_file_;
    LedgerWriter ledger_writer_;
};

}  // namespace metergate::building

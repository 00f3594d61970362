#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/ids.hpp"
#include "gateway/model/result.hpp"
#include "gateway/model/time.hpp"
#include "tests/building/fault.hpp"

namespace metergate::building {

/// What the verdict must know of a panel besides what happened.
struct PanelFacts {
    Id id;
    Id line;
    std::vector<Id> points;  ///< in the order of the panel's map
    std::int64_t resolution_wh = 2;
    std::int64_t modulus_wh = 100'000'000'000;
    bool float_registers = false;  ///< of 24 bits, in kWh: the higher, the coarser
    std::int64_t log_slots = 0;    ///< how many slots of its own log it keeps; 0 = it has none
    bool log_onward_only = false;  ///< gaps are filled from their beginning on, not from their end
};

/// What a panel wrote into its own memory at the end of a slot.
struct LoggedRow {
    UtcTime at;                ///< building time
    UtcSeconds end;            ///< as the panel's own clock stamped it
    std::uint32_t number = 0;  ///< of the slot; 0: no slot, a meter began to remember
};

/// One reply that carried energy registers.
struct ServedRow {
    UtcTime at;  ///< building time; the values are of this moment
    std::uint32_t first_value = 0;
    std::uint16_t first_point = 0;
    std::uint16_t count = 0;
    /// False: the reply was spoilt, late or untrue, so that the gateway may rightly not have used
    /// it.
    bool certain = true;
};

struct PanelHistory {
    PanelFacts facts;
    std::vector<ServedRow> rows;          ///< in order of time
    std::deque<std::int64_t> registers;   ///< of all rows one after the other, in Wh; -1 = none
    std::vector<LoggedRow> logged;        ///< in order of time; all ever written
    std::vector<std::int64_t> logged_wh;  ///< per row one register per point
    std::vector<UtcTime> truth_at;        ///< in order of time
    std::vector<std::int64_t> truth_mwh;  ///< per time one value per point

    /// The register of `point` in `row`, or -1 if the row does not carry it.
    [[nodiscard]] std::int64_t register_of(const ServedRow& row, std::size_t point) const {
        const bool inside = point >= row.first_point && point < row.first_point + row.count;
        return inside ? registers[row.first_value + point - row.first_point] : -1;
    }
    /// True energy of a point at a moment, in mWh; linear between two notes, which is exact because
    /// they are made at least wherever the power changes.
    [[nodiscard]] std::int64_t truth_of(std::size_t point, UtcTime at) const;
};

/// What a line's master did on a simulated wire.
struct WireFacts {
    Id line;
    std::uint64_t requests = 0;
    std::uint64_t short_silences = 0;  ///< less than 3.5 characters before a request
    std::uint64_t overlaps = 0;        ///< a request while another frame was on the wire
    std::uint64_t transcript = 0;      ///< hash of all requests and when they were sent
};

struct ClockStep {
    UtcTime at;  ///< building time
    std::chrono::milliseconds by{};
};

/// How the gateway under test is set up, as far as the verdict must know.
struct RunFacts {
    bool laboratory = false;
    std::int64_t poll_period_ms = 10'000;
    std::vector<std::string> series;
    std::string zone = "UTC";
};

/// Everything the building knows of what really happened: the truth, what was served, and the
/// faults. Times are building time: UTC that never steps. One thread.
class Ledger {
  public:
    void set_run(RunFacts run) { run_ = std::move(run); }
    [[nodiscard]] const RunFacts& run() const { return run_; }
    std::size_t add_panel(PanelFacts facts);

    /// Notes a reply with the registers of some of a panel's points. Returns its row.
    std::size_t served(std::size_t panel, UtcTime at, std::size_t first_point,
                       std::span<const std::int64_t> registers_wh, bool certain);
    /// The wire spoilt or delayed this reply.
    void doubt(std::size_t panel, std::size_t row);
    void truth(std::size_t panel, UtcTime at, std::span<const std::int64_t> energy_mwh);
    /// The panel wrote the registers of all its points into its own memory. Of each meter the first
    /// row is the one with number 0.
    void logged(std::size_t panel, const LoggedRow& row,
                std::span<const std::int64_t> registers_wh);
    void fault(PlannedFault fault) { faults_.push_back(std::move(fault)); }
    /// The gateway's civil clock was stepped; without steps it shows building time.
    void clock_step(ClockStep step) { clock_steps_.push_back(step); }
    void wire(WireFacts facts) { wires_.push_back(std::move(facts)); }

    [[nodiscard]] const std::vector<PanelHistory>& panels() const { return panels_; }
    [[nodiscard]] const std::vector<PlannedFault>& faults() const { return faults_; }
    [[nodiscard]] const std::vector<ClockStep>& clock_steps() const { return clock_steps_; }
    [[nodiscard]] const std::vector<WireFacts>& wires() const { return wires_; }

    /// The civil time by which the gateway books what happened at a moment of building time: what
    /// its clock showed, or, while it was wrong by more than a day, what it was found to be later.
    [[nodiscard]] UtcTime gateway_time(UtcTime building_time) const;
    /// From when on the gateway believes its clock: now, after the correction that makes it
    /// plausible, or when a leap has stood for ten minutes.
    [[nodiscard]] UtcTime clock_believed_from(UtcTime building_time) const;

  private:
    RunFacts run_;
    std::vector<PanelHistory> panels_;
    std::vector<PlannedFault> faults_;
    std::vector<ClockStep> clock_steps_;
    std::vector<WireFacts> wires_;
};

/// Writes a ledger as NDJSON while it grows: each call appends what is new. Lines by `kind`:
/// `run` {laboratory, poll_period_ms, series}, `panel` (its facts), `truth` {panel, at_ms,
/// energy_mwh of each point}, `served` {panel, at_ms, first, registers_wh, certain}, `logged`
/// {panel, at_ms, end_s, number, registers_wh}, `fault` {fault, target, from_ms, until_ms, ms},
/// `wire`.
class LedgerWriter {
  public:
    /// Served rows from `written_until` on are kept back: the wire may still doubt them.
    void write_new(const Ledger& ledger, std::ostream& out, UtcTime written_until);

  private:
    struct Progress {
        std::size_t rows = 0;
        std::size_t truths = 0;
        std::size_t logged = 0;
    };
    bool began_ = false;
    std::vector<Progress> progress_;
    std::size_t faults_ = 0;
    std::size_t wires_ = 0;
};

/// Reads such lines back. Error: invalid, naming the line number.
[[nodiscard]] Result<Ledger> read_ledger(std::istream& in);

}  // namespace metergate::building

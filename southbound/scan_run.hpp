#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/model/clock.hpp"
#include "southbound/line.hpp"
#include "southbound/scan.hpp"

namespace metergate::southbound {

/// Carries a scan out on real or simulated lines. Stepped; one thread.
class ScanRun {
  public:
    /// A port that does not open within this ends the scan, or skips a speed it refuses.
    static constexpr Duration patience = std::chrono::seconds{3};

    /// Makes the line for one of the plan's wires; the one before is gone by then.
    using MakeLine = std::function<std::unique_ptr<Line>(std::size_t wire)>;

    ScanRun(const Clock& clock, ScanPlan plan, MakeLine make_line);

    /// Does what is due; returns when it wants to run next.
    Instant step();
    [[nodiscard]] bool done() const { return scan_.done() || failure_.has_value(); }
    /// Why it ended before its end: the port is missing, in use or gone.
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
    [[nodiscard]] const Scan& scan() const { return scan_; }
    [[nodiscard]] ScanProgress progress() const { return scan_.progress(clock_.now()); }
    /// As of a Line.
    [[nodiscard]] int readable_fd() const { return line_ ? line_->readable_fd() : -1; }

  private:
    void choose_line();
    [[nodiscard]] bool watch_fault();
    void take_outcome();
    void notice_unasked();
    [[nodiscard]] Instant start_next(Instant wake);

    const Clock& clock_;
    Scan scan_;
    MakeLine make_line_;
    std::unique_ptr<Line> line_;
    std::size_t line_of_ = 0;
    std::optional<Instant> down_since_;
    std::uint64_t unasked_seen_ = 0;
    std::uint64_t foreign_seen_ = 0;
    std::uint64_t asked_seen_ = 0;  ///< requests sent when the last outcome came
    bool under_way_ = false;
    std::optional<Error> failure_;
};

}  // namespace metergate::southbound

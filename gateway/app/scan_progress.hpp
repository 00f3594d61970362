#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "gateway/app/scan_report.hpp"
#include "gateway/app/scan_target.hpp"
#include "southbound/scan.hpp"

namespace metergate::app {

/// Like "about 1 min 20 s left".
[[nodiscard]] std::string time_left_text(Duration left);

/// One line of a terminal, at most 79 characters: a bar, where the scan is, and the time left.
[[nodiscard]] std::string progress_line(const southbound::ScanProgress& progress,
                                        const std::string& format);

/// What to look at when nothing answers.
[[nodiscard]] std::string nothing_text(const ScanTarget& target);

/// Shows on standard error how far a scan is: a bar on a terminal, else a line for each speed and
/// each device. One thread.
class ScanProgressView {
  public:
    ScanProgressView(const ScanTarget& target, bool is_terminal)
        : target_(target), is_terminal_(is_terminal) {}

    void show(const southbound::ScanProgress& progress, const FoundDevices& found);
    /// The bar goes; what was not told yet is.
    void end(const FoundDevices& found);

  private:
    void tell(const FoundDevices& found);

    const ScanTarget& target_;
    bool is_terminal_;
    std::optional<std::pair<std::size_t, bool>> round_told_;  ///< wire, and whether the second
    std::set<std::pair<std::size_t, unsigned>> told_;
};

}  // namespace metergate::app

#pragma once

#include <string>
#include <string_view>

#include "config/schema/problem.hpp"
#include "config/schema/settings.hpp"

/// The wiring of one panel as a sheet: RFC 4180, one row for each CT, columns
/// `suite,point,service,cable,pair,phase,polarity,ratio,breaker_a`. `ratio` is `200:0.08` (amperes
/// to amperes), with turns `400:5x2`; `polarity` is `normal` or `reversed`.
namespace metergate::config {

/// Cells that a spreadsheet would take for a formula begin with an apostrophe.
[[nodiscard]] std::string wiring_to_csv(const schema::PanelSettings& panel);

struct WiringImport {
    schema::PanelSettings
        panel;                  ///< with the wiring of the sheet; to be used only without problems
    schema::Problems problems;  ///< paths are `line 5` and `line 5, cable`
};

/// Puts the wiring of a sheet into the points of the panel. Points that the sheet does not name
/// keep theirs; a named point gets exactly the rows of the sheet. Also reads what a spreadsheet
/// makes of it: semicolons, a byte order mark, line feeds alone. At most 1 MiB. The result is still
/// to be checked with its document (channels used twice and the like).
[[nodiscard]] WiringImport wiring_from_csv(std::string_view text,
                                           const schema::PanelSettings& panel);

}  // namespace metergate::config

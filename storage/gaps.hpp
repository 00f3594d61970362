#pragma once

#include <cstddef>
#include <vector>

#include "gateway/model/record.hpp"
#include "storage/sqlite.hpp"

namespace metergate::storage {

/// The current records of the panel's points that are LONG and end within (after, through]: those
/// that stand for gaps. In order of end, point and series, at most `count_max`. An index finds
/// them, so that it costs nothing where there are none.
[[nodiscard]] Result<std::vector<Record>> read_long_records(Database& database, PanelNumber panel,
                                                            UtcSeconds after, UtcSeconds through,
                                                            std::size_t count_max);

/// The current records of the panel's points that are MISSING, not told by a panel's log and end
/// within [from, through]: slots that a log may still have. In order of end, point and series.
[[nodiscard]] Result<std::vector<Record>> read_unread_records(Database& database, PanelNumber panel,
                                                              UtcSeconds from, UtcSeconds through);

}  // namespace metergate::storage

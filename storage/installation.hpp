#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/model/ids.hpp"
#include "gateway/model/multiplier.hpp"
#include "gateway/model/time.hpp"
#include "storage/sqlite.hpp"
#include "storage/writer.hpp"

/// Which meter stood behind a point when. Dated rows: a row is written when a meter comes and
/// closed when it goes; nothing else in it ever changes.
namespace metergate::storage {

struct Installation {
    PointNumber point{};
    std::string serial;  ///< empty: a meter that was there before its serial number was recorded
    Ratio multiplier;
    UtcSeconds from;
    std::optional<UtcSeconds> to;     ///< absent while it is in place
    std::optional<Milli> first_read;  ///< register when it came
    std::optional<Milli> last_read;   ///< register when it went
    std::string reason;               ///< why it came
    std::string who;

    bool operator==(const Installation&) const = default;
};

/// A change of meter as a person records it.
struct ChangeOut {
    std::string new_serial;
    Ratio multiplier;      ///< of the new meter
    Milli last_read = 0;   ///< register of the meter that went
    Milli first_read = 0;  ///< register of the meter that came
    UtcSeconds at;
    std::string reason;
    std::string who;
};

/// Closes the point's installation, opens the next and writes an event `meter_change_out`, in one
/// transaction. Errors: invalid (a field is missing or `at` does not lie after the present one's
/// start), not_found (no such point).
[[nodiscard]] Result<void> record_change_out(Database& database, Writer& writer, PointNumber point,
                                             const ChangeOut& change, UtcTime now);

/// Oldest first.
[[nodiscard]] Result<std::vector<Installation>> read_installations(Database& database,
                                                                   PointNumber point);

}  // namespace metergate::storage

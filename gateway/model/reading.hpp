#pragma once

#include <cstdint>
#include <vector>

#include "gateway/model/ids.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/model/time.hpp"

namespace metergate {

/// One value as read, already scaled to thousandths of its quantity's unit and to primary values.
struct Measured {
    PointNumber point{};
    Quantity quantity{};
    bool valid =
        true;  ///< false: the panel answered NaN or its "not available" pattern; value is 0
    Milli value = 0;
    /// Of a register whose panel told its scale just now: it counts to this, then 0. 0 = as the
    /// point's plan says.
    Milli modulus = 0;
};

/// What one reply of one panel said. All values of a reading were answered by the panel at one
/// moment.
struct Reading {
    PanelNumber panel{};
    /// Stands for the meter that answered (hash of serial number and model); 0 = the profile cannot
    /// tell. Another number means another meter.
    std::uint64_t identity = 0;
    Instant at;      ///< when the request had left the wire: the panel answers with values of then
    UtcTime at_utc;  ///< civil time of the same moment, as the clock said
    std::vector<Measured> values;
};

}  // namespace metergate

#pragma once

#include <cstdint>
#include <optional>

#include "gateway/model/quantity.hpp"

namespace metergate {

/// An exact positive ratio, kept in lowest terms.
struct Ratio {
    std::int64_t numerator = 1;
    std::int64_t denominator = 1;

    bool operator==(const Ratio&) const = default;
};

[[nodiscard]] Ratio reduced(Ratio ratio);

/// The current and potential transformers of one point.
struct Transformers {
    std::int64_t ct_primary_ma = 200'000;
    std::int64_t ct_secondary_ma = 80;
    std::int64_t turns = 1;  ///< times the conductor passes the CT: divides the ratio
    Ratio pt_ratio;          ///< primary volts per metered volt

    bool operator==(const Transformers&) const = default;
};

/// Whether a panel's registers already count what flows in the conductor.
enum class RegisterSide : std::uint8_t { primary, secondary };

/// What the registers are to be multiplied by: 1 for primary registers, else
/// ct_primary / (ct_secondary x turns) x pt_ratio.
[[nodiscard]] Ratio billing_multiplier(RegisterSide side, const Transformers& transformers);

/// floor(value x ratio), without overflow in between. The floor makes differences of multiplied
/// registers telescope: their sum is the difference of the ends.
[[nodiscard]] Milli multiplied(Milli value, Ratio ratio);
/// The same; nothing if it is beyond +-limit.
[[nodiscard]] std::optional<Milli> multiplied_within(Milli limit, Milli value, Ratio ratio);

/// Power in W that a point carries at its CTs' rated current: elements x ct_primary / turns x volts
/// per element. Used to show the installer and to judge whether a register step is possible.
[[nodiscard]] std::int64_t full_load_w(const Transformers& transformers, std::int64_t element_mv,
                                       std::int64_t elements);

}  // namespace metergate

#include "gateway/model/multiplier.hpp"

#include <numeric>

namespace metergate {
namespace {

// 64 x 64 bits: registers of 2^53 Wh times a ratio of 2500 do not fit 64.
__extension__ using Wide = __int128;

template <class Integer>
Integer floor_of(Integer product, std::int64_t denominator) {
    const Integer quotient = product / denominator;
    return product % denominator < 0 ? quotient - 1 : quotient;
}

/// Most products fit 64 bits, and most ratios are whole: a wide division takes ten times as long.
template <class Use>
auto with_scaled(Milli value, Ratio ratio, Use use) {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(value, ratio.numerator, &product)) {
        return use(floor_of(static_cast<Wide>(value) * ratio.numerator, ratio.denominator));
    }
    return use(ratio.denominator == 1 ? product : floor_of(product, ratio.denominator));
}

}  // namespace

Ratio reduced(Ratio ratio) {
    const std::int64_t divisor = std::gcd(ratio.numerator, ratio.denominator);
    return {ratio.numerator / divisor, ratio.denominator / divisor};
}

Ratio billing_multiplier(RegisterSide side, const Transformers& transformers) {
    if (side == RegisterSide::primary) {
        return {};
    }
    const Ratio ct =
        reduced({transformers.ct_primary_ma, transformers.ct_secondary_ma * transformers.turns});
    const Ratio pt = reduced(transformers.pt_ratio);
    return reduced({ct.numerator * pt.numerator, ct.denominator * pt.denominator});
}

Milli multiplied(Milli value, Ratio ratio) {
    return with_scaled(value, ratio, [](auto result) { return static_cast<Milli>(result); });
}

std::optional<Milli> multiplied_within(Milli limit, Milli value, Ratio ratio) {
    return with_scaled(value, ratio, [limit](auto result) {
        const bool is_within = result <= limit && result >= -limit;
        return is_within ? std::optional(static_cast<Milli>(result)) : std::nullopt;
    });
}

std::int64_t full_load_w(const Transformers& transformers, std::int64_t element_mv,
                         std::int64_t elements) {
    const Wide micro_w = static_cast<Wide>(transformers.ct_primary_ma) * element_mv * elements;
    const std::int64_t one_turn_w = static_cast<std::int64_t>(micro_w / 1'000'000);
    return one_turn_w / transformers.turns;
}

}  // namespace metergate

#include "gateway/model/multiplier.hpp"

#include <numeric>

namespace metergate {
namespace {

// 64 x 64 bits: registers of 2^53 Wh times a ratio of 2500 do not fit 64.
__extension__ using Wide = __int128;

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
    const Wide product = static_cast<Wide>(value) * ratio.numerator;
    Wide quotient = product / ratio.denominator;
    if (product % ratio.denominator < 0) {
        --quotient;
    }
    return static_cast<Milli>(quotient);
}

std::int64_t full_load_w(const Transformers& transformers, std::int64_t element_mv,
                         std::int64_t elements) {
    const Wide micro_w = static_cast<Wide>(transformers.ct_primary_ma) * element_mv * elements;
    const std::int64_t one_turn_w = static_cast<std::int64_t>(micro_w / 1'000'000);
    return one_turn_w / transformers.turns;
}

}  // namespace metergate

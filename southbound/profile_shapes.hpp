#pragma once

#include <cstdint>
#include <vector>

#include "config/schema/field.hpp"
#include "gateway/model/multiplier.hpp"

/// How values that only panel profiles have look in JSON.
namespace metergate::southbound {

/// A whole number of 16 bits: 10, or "0x0A", in which register maps are written.
[[nodiscard]] schema::ShapeFor<std::uint16_t> number16(std::uint16_t min = 0,
                                                       std::uint16_t max = 0xFFFF);
/// The bits of a whole value, written like that.
[[nodiscard]] schema::ShapeFor<std::uint64_t> pattern();
/// One such pattern, or a list of them.
[[nodiscard]] schema::ShapeFor<std::vector<std::uint64_t>> patterns();
/// An exact positive ratio: 1000 or "1/10".
[[nodiscard]] schema::ShapeFor<Ratio> exact_ratio();

}  // namespace metergate::southbound

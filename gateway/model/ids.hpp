#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace metergate {

/// The id of a gateway, line, panel, point or destination as people write it:
/// `[a-z0-9][a-z0-9-]{0,31}`, unique in the gateway, never reused.
using Id = std::string;

inline constexpr std::size_t id_length_max = 32;

[[nodiscard]] constexpr bool is_valid_id(std::string_view id) {
    const auto is_alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    if (id.empty() || id.size() > id_length_max || !is_alnum(id.front())) {
        return false;
    }
    for (const char c : id) {
        if (!is_alnum(c) && c != '-') {
            return false;
        }
    }
    return true;
}

/// The permanent number of a panel, given out by the store once and for ever. 0 is the pseudo-panel
/// `gateway`, whose batches carry the events of the gateway itself.
enum class PanelNumber : std::uint32_t {};
inline constexpr PanelNumber gateway_panel{0};

/// The permanent number of a point. 256 numbers are reserved for each panel, so that a panel is one
/// range of keys.
enum class PointNumber : std::uint32_t {};
inline constexpr std::uint32_t points_per_panel_max = 256;

[[nodiscard]] constexpr PointNumber point_number(PanelNumber panel, std::uint32_t index) {
    return PointNumber{static_cast<std::uint32_t>(panel) * points_per_panel_max + index};
}
[[nodiscard]] constexpr PanelNumber panel_of(PointNumber point) {
    return PanelNumber{static_cast<std::uint32_t>(point) / points_per_panel_max};
}
/// 0..255, the place of a point within its panel's range.
[[nodiscard]] constexpr std::uint32_t index_in_panel(PointNumber point) {
    return static_cast<std::uint32_t>(point) % points_per_panel_max;
}

/// The permanent number of a series, given out by the store.
enum class SeriesNumber : std::uint32_t {};

/// Position of a batch in the one order in which the store wrote them; destinations' cursors count
/// in it. 0 = before the first batch.
enum class BatchSeq : std::int64_t {};

/// Names one life of the store: random, new after a restore or a reset.
enum class Epoch : std::uint64_t {};

template <class Number>
[[nodiscard]] constexpr auto raw(Number number) {
    return static_cast<std::underlying_type_t<Number>>(number);
}

}  // namespace metergate

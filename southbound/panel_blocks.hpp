#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "gateway/model/ids.hpp"
#include "gateway/model/multiplier.hpp"
#include "gateway/model/reading.hpp"
#include "southbound/profile.hpp"
#include "southbound/read_plan.hpp"

/// Which registers to ask for, and what values their replies hold. One thread: that of their
/// driver.
namespace metergate::southbound {

/// A point as its panel knows it.
struct PanelPoint {
    PointNumber number{};
    std::uint32_t slot = 1;     ///< place in the panel's map, from 1
    Transformers transformers;  ///< applied where the profile's registers are secondary
};

/// One value in a block.
struct PanelField {
    static constexpr Milli no_value = std::numeric_limits<Milli>::min();

    PointNumber point{};
    Quantity quantity{};
    bool is_register = false;
    std::uint16_t offset = 0;  ///< in the block, registers
    RegisterType type{};
    WordOrder order{};
    Ratio scale;
    std::optional<std::uint16_t> scale_offset;  ///< of the scale register, in the block
    Ratio multiplier;
    std::vector<std::uint64_t> not_available;
    std::optional<std::int64_t> modulus;  ///< counts; only beside a scale register
    Milli last = no_value;                ///< the value before
    std::int16_t last_power = 0;          ///< of ten, with the value before

    void forget_last() { last = no_value; }
};

struct PanelBlock {
    RegisterSpan span;
    std::vector<PanelField> fields;
};

/// The blocks that hold these quantities of these points in the least time.
/// `map`: the profile's quantities, where the panel has them; a quantity it lacks is left out.
[[nodiscard]] std::vector<PanelBlock> plan_blocks(const std::vector<Quantity>& quantities,
                                                  const std::vector<PanelPoint>& points,
                                                  const std::vector<ProfileQuantity>& map,
                                                  const Profile& profile, const WireCost& cost);

/// What the field's scale register holds in a reply to its block; 0 without one.
[[nodiscard]] std::int16_t power_of(const PanelField& field,
                                    std::span<const std::uint16_t> registers);
/// The field's value in a reply to its block.
[[nodiscard]] Measured decode(const PanelField& field, std::span<const std::uint16_t> registers);
/// True if the register went backwards or is scaled in another way than before.
[[nodiscard]] bool is_doubtful(const PanelField& field, const Measured& value,
                               std::span<const std::uint16_t> registers);

/// What one value of a secondary register is to be multiplied by: power and energy by both ratios,
/// a current by that of the CT, a voltage by that of the PT.
[[nodiscard]] Ratio multiplier_for(Quantity quantity, RegisterSide side,
                                   const Transformers& transformers);

}  // namespace metergate::southbound

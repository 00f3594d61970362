#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
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
    Id id{};                    ///< as people name it; empty = by its slot
};

/// One value that a panel is asked for.
struct PanelField {
    static constexpr Milli no_value = std::numeric_limits<Milli>::min();

    PointNumber point{};
    Quantity quantity{};
    RegisterSpan span;  ///< must be read in one request: from the value to its scale register
    bool is_register = false;
    std::uint16_t offset = 0;  ///< in the span, registers
    RegisterType type{};
    WordOrder order{};
    Ratio scale;
    std::optional<std::uint16_t> scale_offset;  ///< of the scale register, in the span
    Ratio multiplier;
    std::vector<std::uint64_t> not_available;
    std::optional<std::int64_t> modulus;  ///< counts; only beside a scale register
    Milli last = no_value;                ///< the value before
    std::int16_t last_power = 0;          ///< of ten, with the value before
    bool is_shown = false;                ///< what was handed out last was a value

    void forget_last() { last = no_value; }
};

/// A request, and the values it brings.
struct PanelBlock {
    RegisterSpan span;
    std::vector<std::size_t> fields;  ///< places in the driver's list
    bool has_register = false;        ///< intervals are made of something in it
};
/// As polls hand it on, thousands of times a day.
using SharedBlock = std::shared_ptr<const PanelBlock>;

/// These quantities of these points. `map`: the profile's quantities, where the panel has them; a
/// quantity it lacks is left out.
[[nodiscard]] std::vector<PanelField> fields_of(const std::vector<Quantity>& quantities,
                                                const std::vector<PanelPoint>& points,
                                                const std::vector<ProfileQuantity>& map);
/// The registers of all points of all quantities: what may be read across.
[[nodiscard]] std::vector<RegisterSpan> listed_registers(const std::vector<ProfileQuantity>& map,
                                                         std::uint32_t points);

/// A block of those of the fields that lie in the span.
[[nodiscard]] SharedBlock block_over(const RegisterSpan& span,
                                     const std::vector<PanelField>& fields);
/// The blocks that bring the fields `wanted` (places in `fields`) in the least time.
[[nodiscard]] std::vector<SharedBlock> plan_blocks(const std::vector<PanelField>& fields,
                                                   const std::vector<std::size_t>& wanted,
                                                   const KnownRegisters& known,
                                                   const ReadLimits& limits);
/// What to ask for when the panel refused a block: its values in two halves, none of them cut;
/// only the rest, if one value takes the whole block. Nothing, if no value is left.
[[nodiscard]] std::vector<SharedBlock> smaller_blocks(const std::vector<PanelField>& fields,
                                                      const PanelBlock& refused);

/// What the field's scale register holds; 0 without one. Here and below `registers` are those of
/// the field's span.
[[nodiscard]] inline std::int16_t power_of(const PanelField& field,
                                           std::span<const std::uint16_t> registers) {
    return field.scale_offset ? static_cast<std::int16_t>(registers[*field.scale_offset])
                              : std::int16_t{0};
}
[[nodiscard]] Measured decode(const PanelField& field, std::span<const std::uint16_t> registers);
/// True if the register went backwards or is scaled in another way than before.
[[nodiscard]] bool is_doubtful(const PanelField& field, const Measured& value,
                               std::span<const std::uint16_t> registers);

/// What one value of a secondary register is to be multiplied by: power and energy by both ratios,
/// a current by that of the CT, a voltage by that of the PT.
[[nodiscard]] Ratio multiplier_for(Quantity quantity, RegisterSide side,
                                   const Transformers& transformers);

}  // namespace metergate::southbound

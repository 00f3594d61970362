#include "southbound/panel_blocks.hpp"

#include <algorithm>

#include "southbound/register_value.hpp"

namespace metergate::southbound {
namespace {

const ProfileQuantity* find_in(const std::vector<ProfileQuantity>& map, Quantity name) {
    const auto found = std::find_if(map.begin(), map.end(), [&](const ProfileQuantity& entry) {
        return entry.quantity == name;
    });
    return found == map.end() ? nullptr : &*found;
}

PanelField field_of(const ProfileQuantity& quantity, const PanelPoint& point,
                    const RegisterSpan& block) {
    const auto offset_of = [&](std::uint16_t address) {
        return static_cast<std::uint16_t>(address - block.address);
    };
    PanelField field;
    field.point = point.number;
    field.quantity = quantity.quantity;
    field.is_register = facts_of(quantity.quantity).is_register;
    field.offset = offset_of(quantity.address_of(point.slot));
    field.type = quantity.type;
    field.order = quantity.order;
    field.scale = quantity.scale;
    if (quantity.scale_register) {
        field.scale_offset = offset_of(*quantity.scale_register);
        field.modulus = quantity.modulus;
    }
    field.multiplier = multiplier_for(quantity.quantity, quantity.side, point.transformers);
    field.not_available = quantity.not_available;
    return field;
}

/// The registers of all points of all quantities: what may be read across.
std::vector<RegisterSpan> all_spans(const std::vector<ProfileQuantity>& map, std::uint32_t points) {
    std::vector<RegisterSpan> spans;
    for (const ProfileQuantity& quantity : map) {
        for (std::uint32_t slot = 1; slot <= points; ++slot) {
            spans.push_back(quantity.span_of(slot));
        }
    }
    return spans;
}

}  // namespace

std::vector<PanelBlock> plan_blocks(const std::vector<Quantity>& quantities,
                                    const std::vector<PanelPoint>& points,
                                    const std::vector<ProfileQuantity>& map, const Profile& profile,
                                    const WireCost& cost) {
    struct Wanted {
        const ProfileQuantity* quantity;
        const PanelPoint* point;
        RegisterSpan span;
    };
    std::vector<Wanted> wanted;
    std::vector<RegisterSpan> spans;
    for (const Quantity name : quantities) {
        const ProfileQuantity* quantity = find_in(map, name);
        for (const PanelPoint& point : points) {
            if (quantity != nullptr) {
                spans.push_back(quantity->span_of(point.slot));
                wanted.push_back({quantity, &point, spans.back()});
            }
        }
    }
    ReadLimits limits;
    limits.registers_max = profile.limits.registers_max;
    limits.hole_registers_max = profile.limits.hole_registers_max;
    limits.cost = cost;
    const std::vector<RegisterSpan> listed = all_spans(map, profile.points);
    std::vector<PanelBlock> blocks;
    for (const RegisterSpan& run : plan_reads(spans, {listed, {}}, limits)) {
        PanelBlock& block = blocks.emplace_back(PanelBlock{run, {}});
        for (const Wanted& one : wanted) {
            if (lies_in(one.span, run)) {
                block.fields.push_back(field_of(*one.quantity, *one.point, run));
            }
        }
    }
    return blocks;
}

Ratio multiplier_for(Quantity quantity, RegisterSide side, const Transformers& transformers) {
    Transformers relevant = transformers;
    switch (quantity) {
        case Quantity::power_factor:
        case Quantity::frequency:
            return {};
        case Quantity::current_1:
        case Quantity::current_2:
        case Quantity::current_3:
            relevant.pt_ratio = {};
            break;
        case Quantity::voltage_1:
        case Quantity::voltage_2:
        case Quantity::voltage_3:
            return side == RegisterSide::primary ? Ratio{} : reduced(transformers.pt_ratio);
        default:
            break;
    }
    return billing_multiplier(side, relevant);
}

bool is_doubtful(const PanelField& field, const Measured& value,
                 std::span<const std::uint16_t> registers) {
    return field.is_register && value.valid && field.last != PanelField::no_value &&
           (value.value < field.last || power_of(field, registers) != field.last_power);
}

std::int16_t power_of(const PanelField& field, std::span<const std::uint16_t> registers) {
    return field.scale_offset ? static_cast<std::int16_t>(registers[*field.scale_offset])
                              : std::int16_t{0};
}

Measured decode(const PanelField& field, std::span<const std::uint16_t> registers) {
    const std::uint64_t bits =
        bits_of(registers.subspan(field.offset, width_of(field.type)), field.order);
    const auto& absent = field.not_available;
    const std::optional<Ratio> scale = scaled_by_power(field.scale, power_of(field, registers));
    std::optional<Milli> value;
    if (scale && std::find(absent.begin(), absent.end(), bits) == absent.end()) {
        value = scaled_value(bits, field.type, *scale);
    }
    Measured measured{field.point, field.quantity, value.has_value(), value.value_or(0)};
    if (value && field.modulus) {
        const auto top = static_cast<std::uint64_t>(*field.modulus);
        measured.modulus = scaled_value(top, RegisterType::u64, *scale).value_or(0);
    }
    if (field.multiplier != Ratio{}) {
        measured.value = multiplied(measured.value, field.multiplier);
        measured.modulus = multiplied(measured.modulus, field.multiplier);
    }
    return measured;
}

}  // namespace metergate::southbound

#include "southbound/panel_blocks.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "southbound/register_value.hpp"

namespace metergate::southbound {
namespace {

/// Differences of two such values fit.
constexpr Milli primary_max = std::numeric_limits<Milli>::max() / 4;

const ProfileQuantity* find_in(const std::vector<ProfileQuantity>& map, Quantity name) {
    const auto found = std::find_if(map.begin(), map.end(), [&](const ProfileQuantity& entry) {
        return entry.quantity == name;
    });
    return found == map.end() ? nullptr : &*found;
}

PanelField field_of(const ProfileQuantity& quantity, const PanelPoint& point) {
    PanelField field;
    field.point = point.number;
    field.quantity = quantity.quantity;
    field.span = quantity.span_of(point.slot);
    const auto offset_of = [&](std::uint16_t address) {
        return static_cast<std::uint16_t>(address - field.span.address);
    };
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

/// The spans of the fields that lie in no other of them, by address.
std::vector<RegisterSpan> outer_spans(const std::vector<PanelField>& fields,
                                      const std::vector<std::size_t>& places) {
    std::vector<RegisterSpan> spans;
    spans.reserve(places.size());
    for (const std::size_t place : places) {
        spans.push_back(fields[place].span);
    }
    return outermost(std::move(spans));
}

/// Moves those of `places` that lie in the span into a block of it.
SharedBlock take_block(const RegisterSpan& span, const std::vector<PanelField>& fields,
                       std::vector<std::size_t>& places) {
    PanelBlock block{span, {}};
    std::vector<std::size_t> outside;
    for (const std::size_t place : places) {
        const bool is_inside = lies_in(fields[place].span, span);
        (is_inside ? block.fields : outside).push_back(place);
        block.has_register = block.has_register || (is_inside && fields[place].is_register);
    }
    places = std::move(outside);
    block.fields.shrink_to_fit();  // a panel keeps its blocks for years
    return std::make_shared<const PanelBlock>(std::move(block));
}

RegisterSpan from_to(const RegisterSpan& first, const RegisterSpan& last) {
    return {first.table, first.address, static_cast<std::uint16_t>(end_of(last) - first.address)};
}

}  // namespace

std::vector<PanelField> fields_of(const std::vector<Quantity>& quantities,
                                  const std::vector<PanelPoint>& points,
                                  const std::vector<ProfileQuantity>& map) {
    std::vector<PanelField> fields;
    fields.reserve(quantities.size() * points.size());  // a panel has hundreds, for years
    for (const Quantity name : quantities) {
        const ProfileQuantity* quantity = find_in(map, name);
        for (const PanelPoint& point : points) {
            if (quantity != nullptr) {
                fields.push_back(field_of(*quantity, point));
            }
        }
    }
    return fields;
}

std::vector<RegisterSpan> listed_registers(const std::vector<ProfileQuantity>& map,
                                           std::uint32_t points) {
    std::vector<RegisterSpan> spans;
    for (const ProfileQuantity& quantity : map) {
        for (std::uint32_t slot = 1; slot <= points; ++slot) {
            spans.push_back(quantity.span_of(slot));
        }
    }
    return spans;
}

SharedBlock block_over(const RegisterSpan& span, const std::vector<PanelField>& fields) {
    std::vector<std::size_t> all(fields.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return take_block(span, fields, all);
}

std::vector<SharedBlock> plan_blocks(const std::vector<PanelField>& fields,
                                     const std::vector<std::size_t>& wanted,
                                     const KnownRegisters& known, const ReadLimits& limits) {
    std::vector<RegisterSpan> spans;
    spans.reserve(wanted.size());
    for (const std::size_t place : wanted) {
        spans.push_back(fields[place].span);
    }
    std::vector<std::size_t> left = wanted;
    std::vector<SharedBlock> blocks;
    for (const RegisterSpan& run : plan_reads(spans, known, limits)) {
        blocks.push_back(take_block(run, fields, left));
    }
    return blocks;
}

std::vector<SharedBlock> smaller_blocks(const std::vector<PanelField>& fields,
                                        const PanelBlock& refused) {
    std::vector<std::size_t> left = refused.fields;
    std::erase_if(left, [&](std::size_t place) { return fields[place].span == refused.span; });
    if (left.empty()) {
        return {};
    }
    const std::vector<RegisterSpan> spans = outer_spans(fields, left);
    const RegisterSpan all = from_to(spans.front(), spans.back());
    if (all != refused.span) {
        return {take_block(all, fields, left)};
    }
    const std::size_t half = spans.size() / 2;
    SharedBlock lower = take_block(from_to(spans.front(), spans[half - 1]), fields, left);
    SharedBlock upper = take_block(from_to(spans[half], spans.back()), fields, left);
    return {std::move(lower), std::move(upper)};
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

Measured decode(const PanelField& field, std::span<const std::uint16_t> registers) {
    Measured measured{field.point, field.quantity, false, 0};
    const std::uint64_t bits =
        bits_of(registers.subspan(field.offset, width_of(field.type)), field.order);
    const auto& absent = field.not_available;
    if (std::find(absent.begin(), absent.end(), bits) != absent.end()) {
        return measured;
    }
    Ratio scale = field.scale;
    if (field.scale_offset) {
        const auto powered = scaled_by_power(field.scale, power_of(field, registers));
        if (!powered) {
            return measured;
        }
        scale = *powered;
    }
    std::optional<Milli> value = scaled_value(bits, field.type, scale);
    if (value && field.multiplier != Ratio{}) {
        value = multiplied_within(primary_max, *value, field.multiplier);
    }
    if (!value) {
        return measured;
    }
    measured.valid = true;
    measured.value = *value;
    if (field.modulus) {
        const auto top = static_cast<std::uint64_t>(*field.modulus);
        const Milli counted = scaled_value(top, RegisterType::u64, scale).value_or(0);
        measured.modulus = multiplied_within(primary_max, counted, field.multiplier).value_or(0);
    }
    return measured;
}

}  // namespace metergate::southbound

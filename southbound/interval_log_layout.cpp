#include "southbound/interval_log_layout.hpp"

#include <algorithm>

#include "southbound/panel_request.hpp"
#include "southbound/register_value.hpp"

namespace metergate::southbound {
namespace {

RegisterField field_of(const LogValue& logged, std::uint32_t slot) {
    return {logged.table, static_cast<std::uint16_t>(logged.address + logged.stride * (slot - 1)),
            logged.type, logged.order};
}

}  // namespace

IntervalLogLayout::IntervalLogLayout(PanelSetup setup, Profile profile)
    : setup_(std::move(setup)), profile_(std::move(profile)) {
    if (!profile_.interval_log) {
        return;
    }
    std::vector<RegisterField> fields = stamp_fields();
    stamp_spans_ = planned(fields);
    if (log().flags) {
        fields.push_back(*log().flags);
    }
    for (const LogValue& logged : log().values) {
        for (const PanelPoint& point : setup_.points) {
            fields.push_back(field_of(logged, point.slot));
        }
    }
    slot_spans_ = planned(fields);
    // A ring may be overwritten between two requests: the end, read last, then is another one.
    const RegisterSpan witness = span_of(log().shown.value_or(log().end));
    std::stable_partition(slot_spans_.begin(), slot_spans_.end(),
                          [&](const RegisterSpan& span) { return !lies_in(witness, span); });
}

std::vector<RegisterField> IntervalLogLayout::stamp_fields() const {
    std::vector<RegisterField> fields{log().end};
    if (log().shown) {
        fields.push_back(*log().shown);
    }
    return fields;
}

std::vector<RegisterSpan> IntervalLogLayout::planned(
    const std::vector<RegisterField>& fields) const {
    std::vector<RegisterSpan> wanted;
    wanted.reserve(fields.size());
    for (const RegisterField& field : fields) {
        wanted.push_back(span_of(field));
    }
    return plan_reads(wanted, {wanted, {}}, read_limits(profile_.limits, setup_.character));
}

std::vector<RegisterSpan> IntervalLogLayout::extent_spans() const {
    std::vector<RegisterField> fields{log().capacity, log().length_minutes, log().oldest,
                                      log().newest};
    if (profile_.clock) {
        fields.push_back(profile_.clock->seconds);
        if (profile_.clock->state) {
            fields.push_back(*profile_.clock->state);
        }
    }
    return planned(fields);
}

std::uint16_t IntervalLogLayout::offset_of(std::uint32_t number) const {
    if (log().kind != LogKind::ring) {
        return 0;
    }
    const std::uint32_t place = (number - 1) % log().ring_slots;
    return static_cast<std::uint16_t>(place * log().ring_stride);
}

std::vector<RegisterSpan> IntervalLogLayout::stamp_spans(std::uint32_t number) const {
    std::vector<RegisterSpan> spans = stamp_spans_;
    for (RegisterSpan& span : spans) {
        span.address = static_cast<std::uint16_t>(span.address + offset_of(number));
    }
    return spans;
}

std::vector<RegisterSpan> IntervalLogLayout::slot_spans(std::uint32_t number) const {
    std::vector<RegisterSpan> spans = slot_spans_;
    for (RegisterSpan& span : spans) {
        span.address = static_cast<std::uint16_t>(span.address + offset_of(number));
    }
    return spans;
}

RegisterField IntervalLogLayout::placed(RegisterField field, std::uint32_t number) const {
    field.address = static_cast<std::uint16_t>(field.address + offset_of(number));
    return field;
}

RegisterRequest IntervalLogLayout::read_request(const RegisterSpan& span) const {
    return panel_request(setup_.unit, profile_.limits, span);
}

std::optional<Request> IntervalLogLayout::window_request(std::uint32_t number) const {
    if (log().kind != LogKind::windowed) {
        return std::nullopt;
    }
    return panel_write(setup_.unit, profile_.limits, *log().window, number);
}

std::uint32_t IntervalLogLayout::shown(std::uint32_t number, const RegisterBook& book) const {
    if (log().kind != LogKind::windowed) {
        return number;
    }
    return static_cast<std::uint32_t>(book.bits(*log().shown).value_or(0));
}

UtcSeconds IntervalLogLayout::end_of(std::uint32_t number, const RegisterBook& book) const {
    const auto bits = book.bits(placed(log().end, number));
    return utc_from_s(static_cast<std::int64_t>(bits.value_or(0)));
}

LoggedSlot IntervalLogLayout::slot_of(std::uint32_t number, const RegisterBook& book) const {
    LoggedSlot slot;
    slot.end = end_of(number, book);
    const std::uint64_t set = log().flags ? book.bits(placed(*log().flags, number)).value_or(0) : 0;
    for (const LogFlag& flag : log().flag_masks) {
        if ((set & flag.mask) != 0) {
            slot.flags |= flag.flag;
        }
    }
    for (const LogValue& logged : log().values) {
        for (const PanelPoint& point : setup_.points) {
            const auto same =
                std::find_if(slot.values.begin(), slot.values.end(), [&](const LoggedValue& value) {
                    return value.point == point.number && value.quantity == logged.quantity;
                });
            LoggedValue& value =
                same != slot.values.end()
                    ? *same
                    : slot.values.emplace_back(LoggedValue{point.number, logged.quantity, {}, {}});
            (logged.is_register ? value.reg : value.increment) =
                value_of(logged, point, number, book);
        }
    }
    return slot;
}

std::optional<Milli> IntervalLogLayout::value_of(const LogValue& logged, const PanelPoint& point,
                                                 std::uint32_t number,
                                                 const RegisterBook& book) const {
    const auto bits = book.bits(placed(field_of(logged, point.slot), number));
    if (!bits || bits == logged.not_available) {
        return std::nullopt;
    }
    const auto value = scaled_value(*bits, logged.type, logged.scale);
    const ProfileQuantity* quantity = profile_.find(logged.quantity);
    const RegisterSide side = quantity != nullptr ? quantity->side : RegisterSide::primary;
    return value ? std::optional(multiplied(
                       *value, multiplier_for(logged.quantity, side, point.transformers)))
                 : std::nullopt;
}

}  // namespace metergate::southbound

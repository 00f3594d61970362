#include "southbound/interval_log_layout.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "southbound/panel_clock.hpp"
#include "southbound/panel_request.hpp"
#include "southbound/panel_time.hpp"
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
    std::vector<RegisterSpan> wanted = stamp_fields();
    stamp_spans_ = log().ready_ms > 0 ? std::vector{profile_.slot_span()} : planned(wanted);
    if (log().flags) {
        wanted.push_back(span_of(*log().flags));
    }
    for (const LogValue& logged : log().values) {
        for (const PanelPoint& point : setup_.points) {
            wanted.push_back(span_of(field_of(logged, point.slot)));
        }
    }
    slot_spans_ = log().ready_ms > 0 ? std::vector{profile_.slot_span()} : planned(wanted);
    // A ring may be overwritten between two requests: the end, read last, then is another one.
    const RegisterSpan witness = log().shown ? span_of(*log().shown) : span_of(log().end);
    std::stable_partition(slot_spans_.begin(), slot_spans_.end(),
                          [&](const RegisterSpan& span) { return !lies_in(witness, span); });
}

std::vector<RegisterSpan> IntervalLogLayout::stamp_fields() const {
    std::vector<RegisterSpan> wanted{span_of(log().end)};
    if (log().shown) {
        wanted.push_back(span_of(*log().shown));
    }
    return wanted;
}

std::vector<RegisterSpan> IntervalLogLayout::planned(
    const std::vector<RegisterSpan>& wanted) const {
    return plan_reads(wanted, {wanted, {}}, read_limits(profile_.limits, setup_.character));
}

std::vector<RegisterSpan> IntervalLogLayout::extent_spans() const {
    std::vector<RegisterSpan> wanted{span_of(log().capacity), span_of(log().length_minutes),
                                     span_of(log().newest)};
    if (log().oldest) {
        wanted.push_back(span_of(*log().oldest));
    }
    for (const ExpectedRegister& expected : log().expected) {
        wanted.push_back({Table::holding, expected.address, 1});
    }
    if (profile_.clock) {
        const auto clock = clock_spans(*profile_.clock);
        wanted.insert(wanted.end(), clock.begin(), clock.end());
    }
    return planned(wanted);
}

std::optional<Error> IntervalLogLayout::fault_of_setting(const RegisterBook& book) const {
    for (const ExpectedRegister& expected : log().expected) {
        const std::uint64_t found =
            book.bits({Table::holding, expected.address, RegisterType::u16}).value_or(0);
        if (found != expected.value) {
            return Error{Fault::refused,
                         fmt::format("the panel is set to log something else than profile {} "
                                     "reads: register {} holds {}, not {}",
                                     profile_.name, expected.address, found, expected.value)};
        }
    }
    return std::nullopt;
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

template <class Field>
Field IntervalLogLayout::placed(Field field, std::uint32_t number) const {
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
    return panel_write(setup_.unit, profile_.limits, *log().window,
                       log().window_first + number - 1);
}

std::uint32_t IntervalLogLayout::shown(std::uint32_t number, const RegisterBook& book) const {
    if (log().kind != LogKind::windowed) {
        return number;
    }
    constexpr std::uint64_t number_max = 0xFFFF'FFFF;
    const std::uint64_t bits = book.bits(*log().shown).value_or(0);
    const bool is_number = bits >= log().shown_first && bits - log().shown_first < number_max;
    return is_number ? static_cast<std::uint32_t>(bits - log().shown_first + 1) : 0;
}

std::optional<UtcSeconds> IntervalLogLayout::end_of(std::uint32_t number,
                                                    const RegisterBook& book) const {
    return time_in(placed(log().end, number), book);
}

LoggedSlot IntervalLogLayout::slot_of(std::uint32_t number, const RegisterBook& book) const {
    LoggedSlot slot;
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

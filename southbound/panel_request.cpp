#include "southbound/panel_request.hpp"

#include <chrono>

namespace metergate::southbound {

using std::chrono::milliseconds;

RegisterRequest panel_request(std::uint8_t unit, const ProfileLimits& limits,
                              const RegisterSpan& span) {
    RegisterRequest request;
    request.unit = unit;
    request.table = span.table;
    request.address = span.address;
    request.count = span.count;
    request.reply_timeout = milliseconds{limits.timeout_ms};
    request.late_limit = milliseconds{limits.late_limit_ms};
    request.gap_min = milliseconds{limits.min_gap_ms};
    return request;
}

Request panel_write(std::uint8_t unit, const ProfileLimits& limits, const RegisterField& field,
                    std::uint64_t bits) {
    constexpr std::uint8_t write_one = 6;
    constexpr std::uint8_t write_several = 16;
    const auto put = [](Pdu& pdu, std::uint64_t word) {
        pdu.push_back(static_cast<std::uint8_t>(word >> 8U & 0xFFU));
        pdu.push_back(static_cast<std::uint8_t>(word & 0xFFU));
    };
    Request request = panel_request(unit, limits, span_of(field));
    const std::uint16_t width = width_of(field.type);
    request.pdu = {width == 1 ? write_one : write_several};
    put(request.pdu, field.address);
    if (width > 1) {
        put(request.pdu, width);
        request.pdu.push_back(static_cast<std::uint8_t>(2 * width));
    }
    for (unsigned i = 0; i < width; ++i) {
        const unsigned place = field.order == WordOrder::big ? width - 1 - i : i;
        put(request.pdu, bits >> (16 * place));
    }
    return request;
}

ReadLimits read_limits(const ProfileLimits& limits, std::chrono::nanoseconds character) {
    const milliseconds gap{limits.min_gap_ms};
    const milliseconds turnaround{limits.turnaround_ms};
    return {limits.registers_max, limits.hole_registers_max,
            character.count() == 0 ? network_cost(gap, turnaround)
                                   : serial_cost(character, gap, turnaround)};
}

}  // namespace metergate::southbound

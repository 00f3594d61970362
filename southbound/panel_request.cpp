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

}  // namespace metergate::southbound

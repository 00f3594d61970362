#include "southbound/modbus/port_line.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace metergate::southbound::modbus {

std::optional<Result<Reply>> PortLine::take_outcome() {
    if (outcome_) {
        taken_exception_ = std::exchange(exception_, std::uint8_t{0});
    }
    return std::exchange(outcome_, std::nullopt);
}

int PortLine::readable_fd() const {
    return port_.is_open() ? port_.transport().readable_fd() : -1;
}

Result<Reply> PortLine::outcome_of(const Parsed& parsed, Instant asked, Instant answered) {
    port_.proven();
    if (parsed.verdict == Verdict::exception) {
        ++counters_.exceptions;
        exception_ = parsed.exception_code;
        return exception_error(parsed.exception_code);
    }
    ++counters_.replies;
    return Reply{Pdu(parsed.pdu.begin(), parsed.pdu.end()), asked, answered};
}

void PortLine::begin_counting() {
    errors_before_ = counters_.character_errors.value_or(errors_before_);
    count_characters();
}

void PortLine::count_characters() {
    const auto counted = port_.transport().character_errors();
    counters_.character_errors = counted ? std::optional(errors_before_ + *counted) : std::nullopt;
}

Error PortLine::timed_out() {
    ++counters_.timeouts;
    const auto waited =
        std::chrono::duration_cast<std::chrono::milliseconds>(request_.reply_timeout);
    return {Fault::timeout, "no reply in " + std::to_string(waited.count()) + " ms"};
}

}  // namespace metergate::southbound::modbus

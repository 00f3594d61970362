#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gateway/model/result.hpp"
#include "gateway/model/time.hpp"

/// What a unit is asked and what it answers. Pure values; any thread. Source of every layout:
/// MODBUS Application Protocol V1.1b3.
namespace metergate::southbound {

/// Function code and data, without unit, CRC or header: at most 253 bytes (section 4.1).
using Pdu = std::vector<std::uint8_t>;
inline constexpr std::size_t pdu_size_max = 253;

/// Asks one unit for anything.
struct Request {
    std::uint8_t unit = 1;  ///< 1..247
    Pdu pdu;
    Duration reply_timeout = std::chrono::milliseconds{500};  ///< from the end of the request
    /// A reply may come this late after the end of the request; until then the unit is muted.
    Duration late_limit = std::chrono::milliseconds{3500};
    Duration gap_min{};  ///< extra silence this panel needs before a request

    bool operator==(const Request&) const = default;
};

/// The answer to a Request, never an exception.
struct Reply {
    Pdu pdu;
    Instant asked;     ///< when the last byte of the request had left: the values are of then
    Instant answered;  ///< when the last byte of the reply was here
};

/// Which of the four Modbus tables is read; the names of the application protocol V1.1b3.
enum class Table : std::uint8_t { holding, input };

/// Asks one unit for a run of 16-bit registers.
struct RegisterRequest {
    std::uint8_t unit = 1;  ///< 1..247
    Table table = Table::holding;
    std::uint16_t address = 0;                                ///< as on the wire, from 0
    std::uint16_t count = 1;                                  ///< 1..125
    Duration reply_timeout = std::chrono::milliseconds{500};  ///< as of Request
    Duration late_limit = std::chrono::milliseconds{3500};    ///< as of Request
    Duration gap_min{};                                       ///< as of Request

    bool operator==(const RegisterRequest&) const = default;

    /// Functions 3 and 4 (6.3, 6.4). Not explicit: a line takes it like any other request.
    operator Request() const;
};

struct RegisterReply {
    std::vector<std::uint16_t> registers;
    Instant asked;     ///< as of Reply
    Instant answered;  ///< as of Reply
};

/// The registers in the reply to a RegisterRequest; the line has judged its form. An error stays
/// what it is.
[[nodiscard]] Result<RegisterReply> registers_of(const Result<Reply>& outcome);

}  // namespace metergate::southbound

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/model/ids.hpp"
#include "gateway/model/result.hpp"
#include "gateway/model/time.hpp"

/// What gateway and receivers say to each other beside the batches: requests, their answers, and
/// receipts. Described for integrators in northbound/payload.md. Pure functions, for both ends;
/// whatever bytes they are given, they answer with a value.
namespace metergate::northbound {

/// More than any request, answer or receipt needs; a longer one is not read.
inline constexpr std::size_t talk_size_max = 4096;
inline constexpr std::size_t talk_name_length_max = 64;

/// Ids of requests and names of receivers: `[A-Za-z0-9_-]{1,64}`, so that they fit into a topic.
[[nodiscard]] bool is_talk_name(std::string_view text);

/// An epoch as it is written: 16 hexadecimal digits, small letters.
[[nodiscard]] std::string epoch_text(Epoch epoch);
[[nodiscard]] std::optional<Epoch> epoch_from(std::string_view text);

/// Batch numbers, both included.
struct RequestedNumbers {
    Epoch epoch{};
    std::uint64_t from = 1;
    std::uint64_t to = 1;

    bool operator==(const RequestedNumbers&) const = default;
};
/// Ends of intervals, both included.
struct RequestedEnds {
    UtcSeconds from;
    UtcSeconds to;

    bool operator==(const RequestedEnds&) const = default;
};
/// Asks for batches of one panel once more.
struct DataRequest {
    std::string id;  ///< chosen by who asks; the answer bears it
    std::string panel;
    std::variant<RequestedNumbers, RequestedEnds> what;

    bool operator==(const DataRequest&) const = default;
};
/// A request that cannot be served. Without an id it cannot be answered either.
struct BadRequest {
    std::string id;
    std::string text;
};
[[nodiscard]] std::variant<DataRequest, BadRequest> parse_request(std::string_view payload);
[[nodiscard]] std::string encode_request(const DataRequest& request);

/// The answer to a request, after its batches.
struct DataResponse {
    std::string id;
    std::uint64_t count = 0;           ///< batches sent for it
    std::uint64_t purged_through = 0;  ///< newest number asked for that is purged; 0 = none
    std::string error;                 ///< why it was not served; empty if it was

    bool operator==(const DataResponse&) const = default;
};
[[nodiscard]] std::string encode_response(const DataResponse& response);
/// Error: damaged, naming the member.
[[nodiscard]] Result<DataResponse> parse_response(std::string_view payload);

/// All batches of the panel up to `through` are safe with the receiver.
struct ReceiptMessage {
    std::string receiver;
    std::string panel;
    Epoch epoch{};
    std::uint64_t through = 0;

    bool operator==(const ReceiptMessage&) const = default;
};
/// Error: damaged, naming the member.
[[nodiscard]] Result<ReceiptMessage> parse_receipt(std::string_view payload);
[[nodiscard]] std::string encode_receipt(const ReceiptMessage& receipt);

}  // namespace metergate::northbound

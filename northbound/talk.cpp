#include "northbound/talk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "config/schema/json.hpp"
#include "northbound/json_writer.hpp"

namespace metergate::northbound {
namespace {

using schema::Json;

constexpr schema::ParseOptions talk_limits{
    .comments = false, .depth_max = 4, .size_max = talk_size_max};
constexpr std::size_t epoch_digits = 16;
constexpr std::size_t panel_length_max = 64;
/// Year 10000: no interval ends after it, and sums with it fit.
constexpr std::int64_t end_max = 253'402'300'800;

Error damaged(std::string text) {
    return {Fault::damaged, std::move(text)};
}

Result<std::string> name_at(const Json& json, std::string_view key) {
    const std::string* text = json.string_at(key);
    if (text == nullptr || !is_talk_name(*text)) {
        return damaged(
            fmt::format("{} must be 1 to {} letters, digits, _ or -", key, talk_name_length_max));
    }
    return *text;
}

Result<std::string> panel_at(const Json& json) {
    const std::string* text = json.string_at("panel");
    if (text == nullptr || text->empty() || text->size() > panel_length_max) {
        return damaged("panel must be the id of a panel");
    }
    return *text;
}

Result<Epoch> epoch_at(const Json& json) {
    const std::string* text = json.string_at("epoch");
    const auto epoch = text == nullptr ? std::nullopt : epoch_from(*text);
    if (!epoch) {
        return damaged("epoch must be 16 hexadecimal digits in small letters");
    }
    return *epoch;
}

Result<std::int64_t> integer_at(const Json& json, std::string_view key, std::int64_t min,
                                std::int64_t max) {
    const auto value = json.integer_at(key);
    if (!value || *value < min || *value > max) {
        return damaged(fmt::format("{} must be a whole number of at least {}", key, min));
    }
    return *value;
}

struct Span {
    std::int64_t from = 0;
    std::int64_t to = 0;
};

Result<Span> span_at(const Json& json, std::string_view from_key, std::string_view to_key,
                     std::int64_t min, std::int64_t max) {
    const auto from = integer_at(json, from_key, min, max);
    const auto to = integer_at(json, to_key, min, max);
    if (!from || !to) {
        return from ? to.error() : from.error();
    }
    if (*from > *to) {
        return damaged(fmt::format("{} is beyond {}", from_key, to_key));
    }
    return Span{*from, *to};
}

Result<std::variant<RequestedNumbers, RequestedEnds>> what_of(const Json& json) {
    const bool by_end = json.find("from_end_s") != nullptr || json.find("to_end_s") != nullptr;
    const bool by_number = json.find("from") != nullptr || json.find("to") != nullptr;
    if (by_end == by_number) {
        return damaged("either from and to with epoch, or from_end_s and to_end_s must be given");
    }
    if (by_end) {
        const auto ends = span_at(json, "from_end_s", "to_end_s", 0, end_max);
        if (!ends) {
            return ends.error();
        }
        return {RequestedEnds{utc_from_s(ends->from), utc_from_s(ends->to)}};
    }
    const auto epoch = epoch_at(json);
    const auto numbers =
        span_at(json, "from", "to", 1, std::numeric_limits<std::int64_t>::max() - 1);
    if (!epoch || !numbers) {
        return epoch ? numbers.error() : epoch.error();
    }
    return {RequestedNumbers{*epoch, static_cast<std::uint64_t>(numbers->from),
                             static_cast<std::uint64_t>(numbers->to)}};
}

}  // namespace

bool is_talk_name(std::string_view text) {
    return !text.empty() && text.size() <= talk_name_length_max &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-';
           });
}

std::string epoch_text(Epoch epoch) {
    return fmt::format("{:016x}", raw(epoch));
}

std::optional<Epoch> epoch_from(std::string_view text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value, 16);
    if (text.size() != epoch_digits || read.ec != std::errc{} || read.ptr != end ||
        epoch_text(Epoch{value}) != text) {
        return std::nullopt;
    }
    return Epoch{value};
}

std::variant<DataRequest, BadRequest> parse_request(std::string_view payload) {
    const auto json = schema::parse_json(payload, talk_limits);
    if (!json) {
        return BadRequest{{}, json.error().text};
    }
    auto id = name_at(*json, "id");
    if (!id) {
        return BadRequest{{}, id.error().text};
    }
    auto panel = panel_at(*json);
    if (!panel) {
        return BadRequest{*id, panel.error().text};
    }
    auto what = what_of(*json);
    if (!what) {
        return BadRequest{*id, what.error().text};
    }
    return DataRequest{std::move(*id), std::move(*panel), *what};
}

std::string encode_request(const DataRequest& request) {
    JsonWriter json;
    json.open_object().key("id").text(request.id).key("panel").text(request.panel);
    if (const auto* numbers = std::get_if<RequestedNumbers>(&request.what)) {
        json.key("epoch").text(epoch_text(numbers->epoch));
        json.key("from").number(numbers->from).key("to").number(numbers->to);
    } else {
        const auto& ends = std::get<RequestedEnds>(request.what);
        json.key("from_end_s").number(epoch_s(ends.from)).key("to_end_s").number(epoch_s(ends.to));
    }
    return json.close_object().take();
}

std::string encode_response(const DataResponse& response) {
    JsonWriter json;
    json.open_object().key("id").text(response.id);
    if (!response.error.empty()) {
        return json.key("error").text(response.error).close_object().take();
    }
    json.key("count").number(response.count);
    if (response.purged_through > 0) {
        json.key("purged_through").number(response.purged_through);
    }
    return json.close_object().take();
}

Result<DataResponse> parse_response(std::string_view payload) {
    const auto json = schema::parse_json(payload, talk_limits);
    if (!json) {
        return damaged(json.error().text);
    }
    auto id = name_at(*json, "id");
    if (!id) {
        return id.error();
    }
    DataResponse response{std::move(*id), 0, 0, {}};
    if (const std::string* error = json->string_at("error")) {
        response.error = error->empty() ? "no reason given" : *error;
        return response;
    }
    constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();
    const auto count = integer_at(*json, "count", 0, any);
    if (!count) {
        return count.error();
    }
    response.count = static_cast<std::uint64_t>(*count);
    if (json->find("purged_through") != nullptr) {
        const auto purged = integer_at(*json, "purged_through", 1, any);
        if (!purged) {
            return purged.error();
        }
        response.purged_through = static_cast<std::uint64_t>(*purged);
    }
    return response;
}

Result<ReceiptMessage> parse_receipt(std::string_view payload) {
    const auto json = schema::parse_json(payload, talk_limits);
    if (!json) {
        return damaged(json.error().text);
    }
    auto receiver = name_at(*json, "receiver");
    auto panel = panel_at(*json);
    const auto epoch = epoch_at(*json);
    const auto through = integer_at(*json, "through", 0, std::numeric_limits<std::int64_t>::max());
    if (!receiver || !panel || !epoch || !through) {
        return !receiver ? receiver.error()
               : !panel  ? panel.error()
               : !epoch  ? epoch.error()
                         : through.error();
    }
    return ReceiptMessage{std::move(*receiver), std::move(*panel), *epoch,
                          static_cast<std::uint64_t>(*through)};
}

std::string encode_receipt(const ReceiptMessage& receipt) {
    JsonWriter json;
    json.open_object().key("receiver").text(receipt.receiver).key("panel").text(receipt.panel);
    json.key("epoch").text(epoch_text(receipt.epoch)).key("through").number(receipt.through);
    return json.close_object().take();
}

}  // namespace metergate::northbound

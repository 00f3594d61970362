#include "gateway/app/history_client.hpp"

#include <utility>

namespace metergate::app {
namespace {

using schema::Json;

constexpr int answer_timeout_ms = 30'000;
constexpr int rows_per_page = 5000;

std::optional<std::int64_t> integer_of(const Json& value) {
    const auto* integer = value.as_integer();
    return integer == nullptr ? std::nullopt : std::optional(*integer);
}

/// The order of a row's columns is part of the method.
std::optional<HistorySlot> slot_of(const Json& row) {
    const auto* columns = row.as_array();
    if (columns == nullptr || columns->size() < 8 || (*columns)[0].as_integer() == nullptr ||
        (*columns)[1].as_integer() == nullptr || (*columns)[4].as_array() == nullptr) {
        return std::nullopt;
    }
    HistorySlot slot{utc_from_s(*(*columns)[0].as_integer()),
                     utc_from_s(*(*columns)[1].as_integer()),
                     integer_of((*columns)[2]),
                     integer_of((*columns)[3]),
                     {},
                     integer_of((*columns)[5]),
                     {},
                     integer_of((*columns)[7])};
    for (const Json& flag : *(*columns)[4].as_array()) {
        slot.flags.push_back(flag.as_string() == nullptr ? "?" : *flag.as_string());
    }
    const auto* origin = (*columns)[6].as_string();
    slot.origin = origin == nullptr ? "" : *origin;
    return slot;
}

Result<HistoryHead> head_of(const Json& page) {
    HistoryHead head;
    for (const auto& [name, text] :
         {std::pair("point", &head.point), std::pair("series", &head.series),
          std::pair("unit", &head.unit), std::pair("zone", &head.zone)}) {
        const std::string* found = page.string_at(name);
        if (found == nullptr) {
            return Error{Fault::damaged, "the gateway's answer has no " + std::string(name)};
        }
        *text = *found;
    }
    head.from = utc_from_s(page.integer_at("from_s").value_or(0));
    head.to = utc_from_s(page.integer_at("to_s").value_or(0));
    return head;
}

Result<std::vector<HistorySlot>> slots_of(const Json& page) {
    const Json* rows = page.find("rows");
    if (rows == nullptr || rows->as_array() == nullptr) {
        return Error{Fault::damaged, "the gateway's answer has no rows"};
    }
    std::vector<HistorySlot> slots;
    for (const Json& row : *rows->as_array()) {
        auto slot = slot_of(row);
        if (!slot) {
            return Error{Fault::damaged, "the gateway's answer has a row of another form"};
        }
        slots.push_back(std::move(*slot));
    }
    return slots;
}

Result<void> take_problems(const Json& page, std::set<std::string>& problems) {
    const Json* told = page.find("problems");
    if (told == nullptr || told->as_array() == nullptr) {
        return Error{Fault::damaged, "the gateway's answer has no problems"};
    }
    for (const Json& problem : *told->as_array()) {
        if (const std::string* text = problem.string_at("text")) {
            problems.insert(*text);
        }
    }
    return {};
}

}  // namespace

Result<void> read_history(
    control::Client& client, Json params,
    const std::function<Result<void>(const HistoryHead&, const std::vector<HistorySlot>&)>& page,
    std::set<std::string>& problems) {
    params.set("limit", rows_per_page);
    while (true) {
        const auto answer = client.call("history", params, answer_timeout_ms);
        if (!answer) {
            return answer.error();
        }
        const auto head = head_of(*answer);
        if (!head) {
            return head.error();
        }
        if (const auto taken = take_problems(*answer, problems); !taken) {
            return taken.error();
        }
        const auto slots = slots_of(*answer);
        if (!slots) {
            return slots.error();
        }
        if (const auto done = page(*head, *slots); !done) {
            return done.error();
        }
        const std::string* next = answer->string_at("next");
        if (next == nullptr) {
            return {};
        }
        // Later pages are of the same times, however late it gets.
        params.set("from", epoch_s(head->from)).set("to", epoch_s(head->to)).set("page", *next);
    }
}

}  // namespace metergate::app

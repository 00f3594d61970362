#include "northbound/receiver/messages.hpp"

#include <fmt/format.h>

#include <optional>

#include "config/schema/json.hpp"
#include "northbound/native_encoder.hpp"
#include "northbound/talk.hpp"

namespace metergate::northbound::receiver {
namespace {

using schema::Json;

constexpr schema::ParseOptions batch_limits{
    .comments = false, .depth_max = 8, .size_max = 16UL * 1024 * 1024};

Error damaged(std::string text) {
    return {Fault::damaged, std::move(text)};
}

Result<std::string> text_at(const Json& json, std::string_view key) {
    const std::string* text = json.string_at(key);
    if (text == nullptr || text->empty()) {
        return damaged(fmt::format("{} is no text", key));
    }
    return *text;
}

Result<std::int64_t> count_at(const Json& json, std::string_view key, std::int64_t min) {
    const auto value = json.integer_at(key);
    if (!value || *value < min) {
        return damaged(fmt::format("{} is no whole number of at least {}", key, min));
    }
    return *value;
}

Result<Epoch> epoch_at(const Json& json) {
    const std::string* text = json.string_at("epoch");
    const auto epoch = text == nullptr ? std::nullopt : epoch_from(*text);
    if (!epoch) {
        return damaged("epoch is no epoch");
    }
    return *epoch;
}

/// An integer or null; absent is an error.
Result<std::optional<Milli>> milli_at(const Json& json, std::string_view key) {
    const Json* found = json.find(key);
    if (found == nullptr || (!found->is_null() && found->as_integer() == nullptr)) {
        return damaged(fmt::format("{} is neither an integer nor null", key));
    }
    return found->is_null() ? std::optional<Milli>() : std::optional(*found->as_integer());
}

Result<std::string> flags_at(const Json& json) {
    std::string words;
    const Json* flags = json.find("flags");
    if (flags == nullptr) {
        return words;
    }
    if (flags->as_array() == nullptr) {
        return damaged("flags is no list");
    }
    for (const Json& word : *flags->as_array()) {
        if (word.as_string() == nullptr) {
            return damaged("flags has something that is no word");
        }
        words += (words.empty() ? "" : " ") + *word.as_string();
    }
    return words;
}

Result<record::ReceivedRecord> parse_record(const Json& json) {
    auto point = text_at(json, "point");
    auto series = text_at(json, "series");
    const auto start = count_at(json, "start", 0);
    if (!point || !series || !start) {
        return !point ? point.error() : !series ? series.error() : start.error();
    }
    const auto value = milli_at(json, "value");
    const auto reg = milli_at(json, "register");
    auto flags = flags_at(json);
    if (!value || !reg || !flags) {
        return !value ? value.error() : !reg ? reg.error() : flags.error();
    }
    const std::string* origin = json.string_at("origin");
    return record::ReceivedRecord{std::move(*point),
                                  std::move(*series),
                                  utc_from_s(*start),
                                  *value,
                                  *reg,
                                  std::move(*flags),
                                  origin == nullptr ? "gateway" : *origin,
                                  json.integer_at("uncertainty").value_or(0)};
}

Result<void> check_head(const Json& json, const Id& gateway) {
    if (json.integer_at("encoder") != static_cast<std::int64_t>(native_encoder_version)) {
        return damaged("encoder is not 1: a newer program may read it");
    }
    const std::string* from = json.string_at("gateway");
    if (from == nullptr || *from != gateway) {
        return damaged("gateway is another one");
    }
    return {};
}

Result<void> add_records(const Json& json, record::ReceivedBatch& batch) {
    const Json* records = json.find("records");
    if (records == nullptr || records->as_array() == nullptr) {
        return damaged("records is no list");
    }
    for (const Json& item : *records->as_array()) {
        auto row = parse_record(item);
        if (!row) {
            return row.error().within(fmt::format("records[{}]", batch.records.size()));
        }
        batch.records.push_back(std::move(*row));
    }
    return {};
}

Result<PanelReach> parse_reach(const Json& json) {
    auto panel = text_at(json, "panel");
    const auto epoch = epoch_at(json);
    const auto oldest = count_at(json, "oldest", 0);
    const auto newest = count_at(json, "newest", 0);
    if (!panel || !epoch) {
        return panel ? epoch.error() : panel.error();
    }
    if (!oldest || !newest) {
        return oldest ? newest.error() : oldest.error();
    }
    return PanelReach{std::move(*panel), *epoch, static_cast<std::uint64_t>(*oldest),
                      static_cast<std::uint64_t>(*newest)};
}

}  // namespace

Result<record::ReceivedBatch> parse_batch(std::string_view payload, const Id& gateway) {
    const auto json = schema::parse_json(payload, batch_limits);
    if (!json) {
        return damaged(json.error().text);
    }
    if (const auto known = check_head(*json, gateway); !known) {
        return known.error();
    }
    const auto epoch = epoch_at(*json);
    auto panel = text_at(*json, "panel");
    if (!epoch || !panel) {
        return epoch ? panel.error() : epoch.error();
    }
    const auto number = count_at(*json, "number", 1);
    const auto end = count_at(*json, "end", 0);
    const auto revision = count_at(*json, "revision", 0);
    if (!number || !end || !revision) {
        return !number ? number.error() : !end ? end.error() : revision.error();
    }
    record::ReceivedBatch batch{*epoch,
                                std::move(*panel),
                                static_cast<std::uint64_t>(*number),
                                utc_from_s(*end),
                                static_cast<std::uint32_t>(*revision),
                                {},
                                std::string(payload)};
    if (const auto added = add_records(*json, batch); !added) {
        return added.error();
    }
    return batch;
}

Result<GatewayStatus> parse_status(std::string_view payload) {
    const auto json = schema::parse_json(payload, batch_limits);
    if (!json) {
        return damaged(json.error().text);
    }
    const std::string* state = json->string_at("state");
    const Json* panels = json->find("panels");
    if (state == nullptr || panels == nullptr || panels->as_array() == nullptr) {
        return damaged("state or panels is absent");
    }
    GatewayStatus status;
    status.online = *state == "online";
    for (const Json& item : *panels->as_array()) {
        auto reach = parse_reach(item);
        if (!reach) {
            return reach.error().within(fmt::format("panels[{}]", status.panels.size()));
        }
        status.panels.push_back(std::move(*reach));
    }
    return status;
}

}  // namespace metergate::northbound::receiver

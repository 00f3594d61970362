#include "tests/building/received.hpp"

#include <fmt/format.h>

#include <charconv>
#include <istream>
#include <utility>

#include "config/schema/json.hpp"

namespace metergate::building {
namespace {

using schema::Json;

constexpr schema::ParseOptions payload_limits{
    .comments = false, .depth_max = 8, .size_max = 16UL * 1024 * 1024};

Error damaged(std::string text) {
    return {Fault::damaged, std::move(text)};
}

std::optional<Flag> flag_named(std::string_view word) {
    for (unsigned bit = 0; bit < 32; ++bit) {
        const Flags one = Flags::from_bits(1U << bit);
        const auto names = names_of(one);
        if (names.size() == 1 && names.front() == word) {
            return static_cast<Flag>(one.bits());
        }
    }
    return std::nullopt;
}

Result<Flags> flags_of(const Json& record) {
    Flags flags;
    const Json* words = record.find("flags");
    if (words == nullptr) {
        return flags;
    }
    if (words->as_array() == nullptr) {
        return damaged("flags: not a list");
    }
    for (const Json& word : *words->as_array()) {
        const auto flag =
            word.as_string() != nullptr ? flag_named(*word.as_string()) : std::nullopt;
        if (!flag) {
            return damaged("flags: a word that is not known");
        }
        flags |= *flag;
    }
    return flags;
}

/// An integer or null; absent is an error.
Result<std::optional<std::int64_t>> optional_integer(const Json& record, std::string_view key) {
    const Json* found = record.find(key);
    if (found == nullptr || (!found->is_null() && found->as_integer() == nullptr)) {
        return damaged(fmt::format("{}: neither an integer nor null", key));
    }
    return found->is_null() ? std::optional<std::int64_t>() : *found->as_integer();
}

Result<ReceivedRecord> parse_record(const Json& json, const ReceivedBatch& batch) {
    const std::string* point = json.string_at("point");
    const std::string* series = json.string_at("series");
    const auto start = json.integer_at("start");
    if (point == nullptr || series == nullptr || !start) {
        return damaged("point, series or start is absent");
    }
    auto value = optional_integer(json, "value");
    auto reg = optional_integer(json, "register");
    auto flags = flags_of(json);
    if (!value || !reg || !flags) {
        return !value ? value.error() : !reg ? reg.error() : flags.error();
    }
    ReceivedRecord record;
    record.point = *point;
    record.series = *series;
    record.start_s = *start;
    record.end_s = batch.end_s;
    record.revision = batch.revision;
    record.value = *value;
    record.reg = *reg;
    record.flags = *flags;
    if (const std::string* origin = json.string_at("origin")) {
        record.origin = *origin;
    }
    record.uncertainty = json.integer_at("uncertainty").value_or(0);
    return record;
}

}  // namespace

Result<ReceivedBatch> parse_batch(std::string_view payload) {
    const auto json = schema::parse_json(payload, payload_limits);
    if (!json) {
        return damaged(json.error().text);
    }
    const std::string* epoch = json->string_at("epoch");
    const std::string* panel = json->string_at("panel");
    const auto number = json->integer_at("number");
    const auto end = json->integer_at("end");
    const auto revision = json->integer_at("revision");
    const Json* records = json->find("records");
    if (epoch == nullptr || panel == nullptr || !number || !end || !revision ||
        records == nullptr || records->as_array() == nullptr) {
        return damaged("epoch, panel, number, end, revision or records is absent");
    }
    ReceivedBatch batch;
    batch.epoch = *epoch;
    batch.panel = *panel;
    batch.number = static_cast<std::uint64_t>(*number);
    batch.end_s = *end;
    batch.revision = static_cast<std::uint32_t>(*revision);
    batch.payload = payload;
    for (const Json& item : *records->as_array()) {
        auto record = parse_record(item, batch);
        if (!record) {
            return record.error().within(fmt::format("records[{}]", batch.records.size()));
        }
        batch.records.push_back(std::move(*record));
    }
    return batch;
}

Result<std::vector<ReceivedBatch>> read_received(std::istream& in) {
    std::vector<ReceivedBatch> batches;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        const std::size_t blank = line.find(' ');
        const std::string_view topic = std::string_view(line).substr(0, blank);
        if (blank == std::string::npos || topic.find("/batch/") == std::string_view::npos) {
            continue;
        }
        auto batch = parse_batch(std::string_view(line).substr(blank + 1));
        if (!batch) {
            return batch.error().within(fmt::format("line {}", number));
        }
        batches.push_back(std::move(*batch));
    }
    return batches;
}

std::int64_t length_of_series(std::string_view code) {
    while (!code.empty()) {
        const std::size_t dash = code.find('-');
        const std::string_view part = code.substr(0, dash);
        std::int64_t count = 0;
        const auto [rest, problem] = std::from_chars(part.data(), part.data() + part.size(), count);
        const std::string_view unit(rest, static_cast<std::size_t>(part.end() - rest));
        if (problem == std::errc{}) {
            if (unit == "s") return count;
            if (unit == "min") return count * 60;
            if (unit == "h") return count * 3600;
        }
        code = dash == std::string_view::npos ? std::string_view() : code.substr(dash + 1);
    }
    return 0;
}

}  // namespace metergate::building

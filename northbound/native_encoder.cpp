#include "northbound/native_encoder.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>

#include "gateway/model/quantity.hpp"
#include "gateway/model/series.hpp"
#include "northbound/json_writer.hpp"
#include "northbound/talk.hpp"

namespace metergate::northbound {
namespace {

using record::Directory;

// In the order of the enumerators.
constexpr std::array<std::string_view, 3> origin_names{"gateway", "panel_log", "person"};
constexpr std::array<std::string_view, 2> source_names{"gateway_difference", "panel_log"};
constexpr std::array<std::string_view, 2> time_base_names{"local", "standard"};

constexpr std::string_view retired_panel = "_panel_";

std::string point_name(const Directory& directory, PointNumber number) {
    const Directory::Point* point = directory.find_point(number);
    return point == nullptr ? fmt::format("_point_{}", raw(number)) : point->id;
}

std::string series_name(const Directory& directory, SeriesNumber number) {
    const Directory::SeriesEntry* entry = directory.find_series(number);
    return entry == nullptr ? fmt::format("_series_{}", raw(number)) : entry->code;
}

void write_value(JsonWriter& json, const std::optional<Milli>& value) {
    if (value) {
        json.number(*value);
    } else {
        json.null();
    }
}

void write_record(JsonWriter& json, const Record& row, const Directory& directory) {
    json.open_object();
    json.key("point").text(point_name(directory, row.point));
    json.key("series").text(series_name(directory, row.series));
    json.key("start").number(epoch_s(row.start));
    json.key("value");
    write_value(json, row.value);
    json.key("register");
    write_value(json, row.reg);
    if (!row.flags.none()) {
        json.key("flags").open_array();
        for (const std::string& word : names_of(row.flags)) {
            json.text(word);
        }
        json.close_array();
    }
    if (row.origin != Origin::gateway) {
        json.key("origin").text(origin_names.at(static_cast<std::size_t>(row.origin)));
    }
    if (row.uncertainty != 0) {
        json.key("uncertainty").number(row.uncertainty);
    }
    json.close_object();
}

void write_optional_text(JsonWriter& json, std::string_view key, std::string_view value) {
    if (!value.empty()) {
        json.key(key).text(value);
    }
}

void write_event(JsonWriter& json, const Event& event) {
    json.open_object();
    if (event.seq != 0) {
        json.key("seq").number(event.seq);
    }
    json.key("at").text(rfc3339(event.at));
    json.key("clock_ok").boolean(event.clock_ok);
    json.key("source").text(event.source);
    json.key("kind").text(name_of(event.kind));
    write_optional_text(json, "phase", event.phase);
    if (event.occurrence != 0) {
        json.key("occurrence").number(std::uint64_t{event.occurrence});
    }
    json.key("start").text(rfc3339(event.start));
    if (event.end) {
        json.key("end").text(rfc3339(*event.end));
    }
    write_optional_text(json, "old", event.old_value);
    write_optional_text(json, "new", event.new_value);
    json.key("text").text(event.text);
    json.close_object();
}

void write_wiring(JsonWriter& json, const std::vector<Element>& elements) {
    json.key("wiring").open_array();
    for (const Element& element : elements) {
        json.open_object();
        json.key("channel").number(std::uint64_t{element.channel});
        json.key("cable").number(std::uint64_t{cable_of(element.channel)});
        json.key("pair").number(std::uint64_t{pair_of(element.channel)});
        json.key("phase").text(name_of(element.phase));
        json.key("reversed").boolean(element.reversed);
        json.close_object();
    }
    json.close_array();
}

void write_point(JsonWriter& json, const Directory::Point& point, const Directory& directory,
                 const Filter& filter) {
    json.open_object();
    json.key("id").text(point.id).key("name").text(point.name);
    json.key("role").text(point.role);
    write_optional_text(json, "fed_from", point.fed_from);
    write_optional_text(json, "suite", point.suite);
    write_wiring(json, point.elements);
    json.key("series").open_array();
    for (const SeriesNumber number : point.series) {
        if (filter.passes(number)) {
            json.text(series_name(directory, number));
        }
    }
    json.close_array().close_object();
}

void write_panel(JsonWriter& json, const Directory::Panel& panel, const Directory& directory,
                 const Filter& filter) {
    json.open_object();
    json.key("id").text(panel.id).key("name").text(panel.name);
    json.key("line").text(panel.line).key("profile").text(panel.profile);
    json.key("points").open_array();
    for (const Directory::Point& point : panel.points) {
        write_point(json, point, directory, filter);
    }
    json.close_array().close_object();
}

void write_series(JsonWriter& json, const Directory::SeriesEntry& entry) {
    const Series& series = entry.series;
    const QuantityFacts& facts = facts_of(series.quantity);
    json.open_object();
    json.key("code").text(entry.code).key("quantity").text(facts.name);
    json.key("unit").text(facts.unit).key("exponent").number(std::int64_t{milli_exponent});
    json.key("rate").number(std::uint64_t{series.rate});
    json.key("length_s").number(std::int64_t{series.length.count()});
    json.key("time_base").text(time_base_names.at(static_cast<std::size_t>(series.time_base)));
    json.key("source").text(source_names.at(static_cast<std::size_t>(series.source)));
    json.close_object();
}

}  // namespace

std::string panel_name(const Directory& directory, PanelNumber number) {
    if (number == gateway_panel || directory.find_panel(number) != nullptr) {
        return directory.panel_id(number);
    }
    return fmt::format("{}{}", retired_panel, raw(number));
}

std::optional<PanelNumber> panel_named(const Directory& directory, std::string_view name) {
    if (name == directory.panel_id(gateway_panel)) {
        return gateway_panel;
    }
    for (const Directory::Panel& panel : directory.panels) {
        if (panel.id == name) {
            return panel.number;
        }
    }
    std::uint32_t number = 0;
    if (name.starts_with(retired_panel)) {
        const auto digits = name.substr(retired_panel.size());
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    }
    const PanelNumber retired{number};
    return number != 0 && panel_name(directory, retired) == name ? std::optional(retired)
                                                                 : std::nullopt;
}

std::string gateway_topic(const Id& gateway, std::string_view leaf) {
    return fmt::format("metergate/{}/{}", gateway, leaf);
}

std::string batch_topic(const Directory& directory, PanelNumber panel) {
    return fmt::format("metergate/{}/batch/{}", directory.gateway, panel_name(directory, panel));
}

std::string point_topic(const Directory& directory, PointNumber point, std::string_view leaf) {
    return fmt::format("metergate/{}/point/{}/{}", directory.gateway, point_name(directory, point),
                       leaf);
}

std::string encode_batch(const Batch& batch, const Directory& directory, Epoch epoch) {
    JsonWriter json;
    json.open_object();
    json.key("encoder").number(native_encoder_version);
    json.key("gateway").text(directory.gateway);
    json.key("epoch").text(epoch_text(epoch));
    json.key("panel").text(panel_name(directory, batch.panel));
    json.key("number").number(batch.number);
    json.key("end").number(epoch_s(batch.end));
    json.key("revision").number(std::uint64_t{batch.revision});
    json.key("records").open_array();
    for (const Record& row : batch.records) {
        write_record(json, row, directory);
    }
    json.close_array();
    json.key("events").open_array();
    for (const Event& event : batch.events) {
        write_event(json, event);
    }
    json.close_array().close_object();
    return json.take();
}

std::string encode_event(const Event& event) {
    JsonWriter json;
    write_event(json, event);
    return json.take();
}

std::string encode_meta(const Directory& directory, const Filter& filter) {
    JsonWriter json;
    json.open_object();
    json.key("encoder").number(native_encoder_version);
    json.key("gateway").text(directory.gateway);
    json.key("name").text(directory.gateway_name);
    json.key("zone").text(directory.zone);
    json.key("panels").open_array();
    for (const Directory::Panel& panel : directory.panels) {
        if (filter.passes(panel.number)) {
            write_panel(json, panel, directory, filter);
        }
    }
    json.close_array().key("series").open_array();
    for (const Directory::SeriesEntry& entry : directory.series) {
        if (filter.passes(entry.number)) {
            write_series(json, entry);
        }
    }
    json.close_array().key("quantities").open_array();
    for (std::size_t i = 0; i < quantity_count; ++i) {
        const QuantityFacts& facts = facts_of(static_cast<Quantity>(i));
        json.open_object().key("name").text(facts.name).key("unit").text(facts.unit);
        json.close_object();
    }
    json.close_array().close_object();
    return json.take();
}

std::string version_of(std::string_view meta_payload) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : meta_payload) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    return fmt::format("{:016x}", hash);
}

std::string encode_status(const StatusReport& report, const Directory& directory, Epoch epoch) {
    JsonWriter json;
    json.open_object();
    json.key("state").text(report.online ? "online" : "offline");
    write_optional_text(json, "reason", report.reason);
    json.key("program").text(report.program);
    json.key("encoder").number(native_encoder_version);
    json.key("meta").text(report.meta);
    if (report.at != UtcTime{}) {
        json.key("at").text(rfc3339(report.at));
    }
    json.key("panels").open_array();
    for (const auto& span : report.spans) {
        json.open_object();
        json.key("panel").text(panel_name(directory, span.panel));
        json.key("epoch").text(epoch_text(epoch));
        json.key("oldest").number(span.oldest_kept).key("newest").number(span.newest);
        json.close_object();
    }
    json.close_array().close_object();
    return json.take();
}

std::string decimal_text(Milli value) {
    const auto bits = static_cast<std::uint64_t>(value);
    const std::uint64_t magnitude = value < 0 ? 0U - bits : bits;
    return fmt::format("{}{}.{:03}", value < 0 ? "-" : "", magnitude / 1000, magnitude % 1000);
}

std::string rfc3339(UtcTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

}  // namespace metergate::northbound

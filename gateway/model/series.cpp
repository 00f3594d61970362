#include "gateway/model/series.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace metergate {
namespace {

using std::chrono::seconds;

struct LengthUnit {
    std::string_view name;
    std::int64_t seconds;
};
constexpr std::array<LengthUnit, 3> length_units{{{"min", 60}, {"h", 3600}, {"s", 1}}};

std::string length_text(seconds length) {
    const auto count = length.count();
    if (count % 3600 == 0) {
        return std::to_string(count / 3600) + "h";
    }
    if (count % 60 == 0) {
        return std::to_string(count / 60) + "min";
    }
    return std::to_string(count) + "s";
}

std::optional<seconds> length_from(std::string_view text) {
    std::int64_t count = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    if (fault != std::errc{} || count <= 0 || count > 86'400) {
        return std::nullopt;
    }
    for (const auto& known : length_units) {
        if (known.name == unit) {
            return seconds{count * known.seconds};
        }
    }
    return std::nullopt;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
    if (!text.ends_with(suffix)) {
        return false;
    }
    text.remove_suffix(suffix.size());
    return true;
}

/// Splits off what follows the last dash.
std::string_view take_last_word(std::string_view& text) {
    const auto dash = text.rfind('-');
    if (dash == std::string_view::npos) {
        return {};
    }
    const std::string_view word = text.substr(dash + 1);
    text = text.substr(0, dash);
    return word;
}

template <std::size_t count>
bool contains(const std::array<int, count>& list, seconds length) {
    return std::find(list.begin(), list.end(), length.count()) != list.end();
}

}  // namespace

std::string code_of(const Series& series) {
    std::string code{facts_of(series.quantity).name};
    if (series.rate != 0) {
        code += "-r" + std::to_string(series.rate);
    }
    code += "-" + length_text(series.length);
    code += series.time_base == TimeBase::standard ? "-std" : "";
    code += series.source == BillingSource::panel_log ? "-log" : "";
    return code;
}

Result<Series> series_from_code(std::string_view code) {
    const auto bad = [&](std::string_view what) {
        return Error{Fault::invalid, "series \"" + std::string(code) + "\": " + std::string(what) +
                                         "; a series is written like kwh-15min or kwh-1h-std"};
    };
    Series series;
    std::string_view rest = code;
    if (take_suffix(rest, "-log")) {
        series.source = BillingSource::panel_log;
    }
    if (take_suffix(rest, "-std")) {
        series.time_base = TimeBase::standard;
    }
    const std::string_view length_word = take_last_word(rest);
    const auto length = length_from(length_word);
    if (!length) {
        return bad("\"" + std::string(length_word) + "\" is no length");
    }
    series.length = *length;
    if (rest.size() > 3 && rest[rest.size() - 3] == '-' && rest[rest.size() - 2] == 'r' &&
        rest.back() >= '1' && rest.back() <= '4') {
        series.rate = static_cast<std::uint8_t>(rest.back() - '0');
        rest.remove_suffix(3);
    }
    const auto quantity = quantity_named(rest);
    if (!quantity || !facts_of(*quantity).is_register) {
        return bad("\"" + std::string(rest) + "\" is no register quantity");
    }
    series.quantity = *quantity;
    return series;
}

bool is_billing_length(seconds length) {
    constexpr std::array<int, 13> lengths{300,   600,   900,   1200,  1800,  3600, 7200,
                                          10800, 14400, 21600, 28800, 43200, 86400};
    return contains(lengths, length);
}

bool is_laboratory_length(seconds length) {
    constexpr std::array<int, 5> lengths{5, 10, 20, 30, 60};
    return contains(lengths, length);
}

}  // namespace metergate

#include "config/schema/utc_text.hpp"

#include <charconv>
#include <chrono>

namespace metergate::schema {
namespace {

constexpr std::string_view form = "0000-00-00T00:00:00Z";  // 0 = any digit

bool has_form(std::string_view text) {
    if (text.size() != form.size()) return false;
    for (std::size_t i = 0; i < form.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == '0' ? !digit : text[i] != form[i]) return false;
    }
    return true;
}

unsigned number(std::string_view text, std::size_t begin, std::size_t length) {
    unsigned value = 0;
    std::from_chars(text.data() + begin, text.data() + begin + length, value);
    return value;
}

std::string digits(std::int64_t value, std::size_t length) {
    const std::string text = std::to_string(value);
    return std::string(length - std::min(length, text.size()), '0') + text;
}

}  // namespace

std::optional<UtcSeconds> utc_from_text(std::string_view text) {
    using namespace std::chrono;
    if (!has_form(text)) return std::nullopt;
    const year_month_day day{year{static_cast<int>(number(text, 0, 4))}, month{number(text, 5, 2)},
                             std::chrono::day{number(text, 8, 2)}};
    const hours hour{number(text, 11, 2)};
    const minutes minute{number(text, 14, 2)};
    const seconds second{number(text, 17, 2)};
    const bool in_range = day.year() >= year{2000} && day.year() < year{2200} && day.ok() &&
                          hour < hours{24} && minute < minutes{60} && second < seconds{60};
    if (!in_range) return std::nullopt;
    return sys_days{day} + hour + minute + second;
}

std::string utc_text(UtcSeconds time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{time - day};
    return digits(static_cast<int>(date.year()), 4) + "-" +
           digits(static_cast<unsigned>(date.month()), 2) + "-" +
           digits(static_cast<unsigned>(date.day()), 2) + "T" + digits(clock.hours().count(), 2) +
           ":" + digits(clock.minutes().count(), 2) + ":" + digits(clock.seconds().count(), 2) +
           "Z";
}

}  // namespace metergate::schema

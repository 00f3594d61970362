#include "southbound/panel_time.hpp"

#include <array>
#include <chrono>
#include <cstdint>

#include "southbound/register_value.hpp"

namespace metergate::southbound {
namespace {

constexpr std::size_t parts_count = 6;
/// Year, month, day, hour, minute, second.
using CivilParts = std::array<unsigned, parts_count>;

CivilParts parts_in(TimeForm form, const std::vector<std::uint16_t>& words) {
    CivilParts parts{};
    for (std::size_t i = 0; i < parts_count; ++i) {
        const bool is_high = i % 2 == 0;
        parts[i] = form == TimeForm::civil_words ? words[i]
                   : is_high                     ? words[i / 2] >> 8U
                                                 : words[i / 2] & 0xFFU;
    }
    return parts;
}

std::optional<UtcSeconds> civil_time(const CivilParts& parts) {
    constexpr unsigned century = 2000;
    constexpr unsigned years_of_century = 100;
    const auto [year, month, day, hour, minute, second] = parts;
    const unsigned full_year = year < years_of_century ? year + century : year;
    const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(full_year)},
                                           std::chrono::month{month}, std::chrono::day{day}};
    const bool is_of_century = full_year >= century && full_year < century + years_of_century;
    if (!is_of_century || month > 12 || day > 31 || !date.ok() || hour > 23 || minute > 59 ||
        second > 59) {
        return std::nullopt;
    }
    return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
           std::chrono::seconds{second};
}

}  // namespace

std::optional<UtcSeconds> time_in(const TimeField& field, const RegisterBook& book) {
    const auto words = book.registers(span_of(field));
    if (!words) {
        return std::nullopt;
    }
    if (field.form == TimeForm::seconds) {
        return utc_from_s(static_cast<std::int64_t>(bits_of(*words, field.order)));
    }
    return civil_time(parts_in(field.form, *words));
}

}  // namespace metergate::southbound

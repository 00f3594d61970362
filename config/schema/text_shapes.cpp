#include "config/schema/text_shapes.hpp"

#include <algorithm>

#include "config/schema/address_prefix.hpp"
#include "config/schema/utc_text.hpp"
#include "gateway/model/ids.hpp"
#include "gateway/model/series.hpp"

namespace metergate::schema {
namespace {

constexpr std::size_t name_length_max = 128;

// ---- Rules of texts
// ------------------------------------------------------------------------------

std::string quoted(const std::string& text) {
    return "\"" + text + "\"";
}

std::string id_complaint(const std::string& text) {
    if (is_valid_id(text)) return {};
    return quoted(text) +
           " is no id: at most 32 of a-z, 0-9 and \"-\", beginning with a letter or digit";
}

std::string series_complaint(const std::string& text) {
    const auto series = series_from_code(text);
    return series ? "" : series.error().text;
}

std::string path_complaint(const std::string& text) {
    return text.starts_with('/') ? "" : quoted(text) + " is no full path: it must begin with \"/\"";
}

std::string host_complaint(const std::string& text) {
    const auto belongs = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == '_' || c == ':' || c == '%';
    };
    if (std::ranges::all_of(text, belongs)) return {};
    return quoted(text) + " is no host: a name or an address, without \"mqtt://\" and port";
}

std::string web_address_complaint(const std::string& text) {
    const std::size_t scheme = text.starts_with("https://")  ? 8
                               : text.starts_with("http://") ? 7
                                                             : 0;
    const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
    if (scheme == 0 || scheme == text.size() || !std::ranges::all_of(text, printable) ||
        text.find('#') != std::string::npos) {
        return quoted(text) + " is no web address; write it as https://host.example/path";
    }
    const std::string host = text.substr(scheme, text.find_first_of("/?", scheme) - scheme);
    if (host.find('@') != std::string::npos) {
        return "user and password do not stand in the address: they have settings of their own";
    }
    return host.empty() ? quoted(text) + " names no host" : "";
}

std::string address_complaint(const std::string& text) {
    if (ip_address_from(text)) return {};
    return quoted(text) + " is no IP address; write it as 10.1.0.7 or fd00::7";
}

std::string prefix_complaint(const std::string& text) {
    if (address_prefix_from(text)) return {};
    return quoted(text) + " is no IP address or prefix; write it as 10.1.0.7 or 10.1.0.0/16";
}

std::string from_complaint(const std::string& text) {
    if (text == "now" || text == "oldest" || utc_from_text(text)) return {};
    return quoted(text) + " is none of now, oldest and a UTC time such as 2025-03-01T00:00:00Z";
}

}  // namespace

ShapeFor<std::string> id() {
    return text_by({id_complaint, "id: a-z, 0-9, -", "^[a-z0-9][a-z0-9-]{0,31}$"});
}
ShapeFor<std::string> optional_id() {
    return text_by({id_complaint, "id of a point", "^[a-z0-9][a-z0-9-]{0,31}$"}, true);
}
ShapeFor<std::string> series_code() {
    return text_by(
        {series_complaint, "series code: kwh-15min, kwh-1h-std, kwh-15min-log", "^[a-z0-9-]+$"});
}
ShapeFor<std::string> host() {
    return text_by({host_complaint, "host name or address", "^[A-Za-z0-9._:%-]+$"});
}
ShapeFor<std::string> web_address() {
    return text_by({web_address_complaint, "web address", "^https?://[!-~]+$"});
}
ShapeFor<std::string> optional_web_address() {
    return text_by({web_address_complaint, "web address", "^https?://[!-~]+$"}, true);
}
ShapeFor<std::string> address() {
    return text_by({address_complaint, "IP address", "^[0-9A-Fa-f.:]+$"});
}
ShapeFor<std::string> address_prefix() {
    return text_by({prefix_complaint, "IP address or prefix", "^[0-9A-Fa-f.:]+(/[0-9]+)?$"});
}
ShapeFor<std::string> path() {
    return text_by({path_complaint, "full path", "^/"});
}
ShapeFor<std::string> optional_path() {
    return text_by({path_complaint, "full path", "^/"}, true);
}
ShapeFor<std::string> name() {
    return text(name_length_max);
}
ShapeFor<std::string> begins_at() {
    return text_by({from_complaint, "now, oldest or a UTC time", ""});
}

}  // namespace metergate::schema

#include "northbound/json_writer.hpp"

#include <charconv>
#include <cstddef>

namespace metergate::northbound {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

/// Length of the well-formed UTF-8 sequence that `text` begins with, 0 if there is none. Unicode
/// standard 15, table 3-7.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xC2 ? 0
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                                             : 4;
    if (lead > 0xF4 || length == 0 || text.size() < length) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) {
            return 0;
        }
    }
    const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
    const bool surrogate = lead == 0xED && byte(1) > 0x9F;
    const bool too_high = lead == 0xF4 && byte(1) > 0x8F;
    return overlong || surrogate || too_high ? 0 : length;
}

void append_control(std::string& out, unsigned char character) {
    constexpr std::string_view digits = "0123456789abcdef";
    switch (character) {
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            out += "\\u00";
            out += digits[character >> 4U];
            out += digits[character & 15U];
    }
}

template <class Integer>
std::string_view digits_of(Integer value, char (&buffer)[24]) {
    const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
    return {buffer, static_cast<std::size_t>(result.ptr - buffer)};
}

}  // namespace

JsonWriter& JsonWriter::open_object() {
    separate();
    text_ += '{';
    needs_comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::close_object() {
    text_ += '}';
    needs_comma_ = true;
    return *this;
}

JsonWriter& JsonWriter::open_array() {
    separate();
    text_ += '[';
    needs_comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::close_array() {
    text_ += ']';
    needs_comma_ = true;
    return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    separate();
    quoted(name);
    text_ += ':';
    needs_comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
    separate();
    quoted(value);
    needs_comma_ = true;
    return *this;
}

JsonWriter& JsonWriter::number(std::int64_t value) {
    char buffer[24];
    plain(digits_of(value, buffer));
    return *this;
}

JsonWriter& JsonWriter::number(std::uint64_t value) {
    char buffer[24];
    plain(digits_of(value, buffer));
    return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
    plain(value ? "true" : "false");
    return *this;
}

JsonWriter& JsonWriter::null() {
    plain("null");
    return *this;
}

void JsonWriter::separate() {
    if (needs_comma_) {
        text_ += ',';
    }
}

void JsonWriter::plain(std::string_view token) {
    separate();
    text_ += token;
    needs_comma_ = true;
}

void JsonWriter::quoted(std::string_view value) {
    text_ += '"';
    while (!value.empty()) {
        const std::size_t length = utf8_length(value);
        const auto first = static_cast<unsigned char>(value.front());
        if (length == 0) {
            text_ += replacement;
        } else if (first < 0x20) {
            append_control(text_, first);
        } else if (first == '"' || first == '\\') {
            text_ += '\\';
            text_ += value.front();
        } else {
            text_ += value.substr(0, length);
        }
        value.remove_prefix(length == 0 ? 1 : length);
    }
    text_ += '"';
}

}  // namespace metergate::northbound

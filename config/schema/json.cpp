#include "config/schema/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace metergate::schema {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

/// Bytes of the UTF-8 sequence at the beginning of `text`; 0 if it is none (RFC 3629, section 4).
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    std::size_t length = 0;
    unsigned low = 0x80;
    unsigned high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        low = lead == 0xE0 ? 0xA0 : low;    // overlong
        high = lead == 0xED ? 0x9F : high;  // surrogates
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        low = lead == 0xF0 ? 0x90 : low;
        high = lead == 0xF4 ? 0x8F : high;  // beyond U+10FFFF
    }
    if (length == 0 || text.size() < length || byte(1) < low || byte(1) > high) return 0;
    for (std::size_t i = 2; i < length; ++i) {
        if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
    }
    return length;
}

void append_escaped(std::string& out, char c) {
    constexpr std::string_view special = "\"\\\b\f\n\r\t";
    constexpr std::string_view letters = "\"\\bfnrt";
    constexpr std::string_view digits = "0123456789abcdef";
    const auto code = static_cast<unsigned char>(c);
    if (const auto at = special.find(c); at != std::string_view::npos) {
        out += '\\';
        out += letters[at];
    } else if (code < 0x20) {
        out += "\\u00";
        out += digits[code >> 4U];
        out += digits[code & 0xFU];
    } else {
        out += c;
    }
}

void append_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        if (length == 1) {
            append_escaped(out, text.front());
        } else {
            out += length == 0 ? replacement : text.substr(0, length);
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    out += '"';
}

void append_decimal(std::string& out, const Decimal& decimal) {
    if (!decimal.text.empty()) {
        out += decimal.text;
        return;
    }
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), decimal.value).ptr;
    const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    out += text;
    if (text.find_first_of(".e") == std::string_view::npos) {
        out += ".0";  // so that it is read back as a decimal
    }
}

bool is_plain(const Json& value) {
    return value.as_array() == nullptr && value.as_object() == nullptr;
}

class Writer {
  public:
    explicit Writer(bool pretty) : pretty_(pretty) {}

    void write(const Json& value) {
        if (const auto* members = value.as_object()) {
            write_list(*members, "{}", pretty_);
        } else if (const auto* items = value.as_array()) {
            write_list(*items, "[]", pretty_ && !std::ranges::all_of(*items, is_plain));
        } else if (const auto* text = value.as_string()) {
            append_string(out_, *text);
        } else if (const auto* decimal = value.as_decimal()) {
            append_decimal(out_, *decimal);
        } else if (const auto* integer = value.as_integer()) {
            out_ += std::to_string(*integer);
        } else if (const auto* flag = value.as_bool()) {
            out_ += *flag ? "true" : "false";
        } else {
            out_ += "null";
        }
    }

    [[nodiscard]] std::string take() { return std::move(out_); }

  private:
    void write_item(const Json& item) { write(item); }
    void write_item(const Json::Member& member) {
        append_string(out_, member.key);
        out_ += pretty_ ? ": " : ":";
        write(member.value);
    }

    void new_line() {
        out_ += '\n';
        out_.append(2 * depth_, ' ');
    }

    template <class List>
    void write_list(const List& list, std::string_view brackets, bool on_lines) {
        out_ += brackets.front();
        on_lines = on_lines && !list.empty();
        ++depth_;
        bool first = true;
        for (const auto& item : list) {
            if (!first) out_ += pretty_ && !on_lines ? ", " : ",";
            if (on_lines) new_line();
            write_item(item);
            first = false;
        }
        --depth_;
        if (on_lines) new_line();
        out_ += brackets.back();
    }

    std::string out_;
    std::size_t depth_ = 0;
    bool pretty_;
};

}  // namespace

// Here, and not in the class, because a list of members can only be copied where Member is
// complete.
Json::Json() = default;
Json::Json(const Json& other) = default;
Json::Json(Json&& other) noexcept = default;
Json& Json::operator=(const Json& other) = default;
Json& Json::operator=(Json&& other) noexcept = default;
Json::~Json() = default;

Json::Json(Value value) : value_(std::move(value)) {}

Json Json::of_bool(bool value) {
    return Json(Value(value));
}

Json Json::of_integer(std::int64_t value) {
    return Json(Value(value));
}

Json Json::of(double value) {
    return std::isfinite(value) ? Json(Value(Decimal{value, {}})) : Json();
}

Json Json::of(Decimal value) {
    return Json(Value(std::move(value)));
}

Json Json::of(std::string value) {
    return Json(Value(std::move(value)));
}

Json Json::array() {
    return Json(Value(Array()));
}

Json Json::array(std::initializer_list<Json> items) {
    return Json(Value(Array(items)));
}

Json Json::object() {
    return Json(Value(Object()));
}

Json Json::object(std::initializer_list<Member> members) {
    Json result = object();
    for (const Member& member : members) {
        result.set_value(member.key, member.value);
    }
    return result;
}

void Json::push_value(Json item) {
    std::get<Array>(value_).push_back(std::move(item));
}

void Json::set_value(std::string_view key, Json item) {
    auto& members = std::get<Object>(value_);
    const auto at = std::ranges::find(members, key, &Member::key);
    if (at != members.end()) {
        at->value = std::move(item);
    } else {
        members.push_back({std::string(key), std::move(item), {}});
    }
}

void Json::append_parsed(std::string key, Place key_place, Json item) {
    if (auto* members = std::get_if<Object>(&value_)) {
        members->push_back({std::move(key), std::move(item), key_place});
    } else {
        push_value(std::move(item));
    }
}

std::optional<double> Json::as_number() const {
    if (const auto* integer = as_integer()) return static_cast<double>(*integer);
    if (const auto* decimal = as_decimal()) return decimal->value;
    return std::nullopt;
}

const Json* Json::find(std::string_view key) const {
    const auto* members = as_object();
    if (members == nullptr) return nullptr;
    const auto at = std::ranges::find(*members, key, &Member::key);
    return at == members->end() ? nullptr : &at->value;
}

const std::string* Json::string_at(std::string_view key) const {
    const Json* value = find(key);
    return value == nullptr ? nullptr : value->as_string();
}

std::optional<std::int64_t> Json::integer_at(std::string_view key) const {
    const Json* value = find(key);
    const auto* integer = value == nullptr ? nullptr : value->as_integer();
    return integer == nullptr ? std::nullopt : std::optional(*integer);
}

std::optional<bool> Json::bool_at(std::string_view key) const {
    const Json* value = find(key);
    const auto* flag = value == nullptr ? nullptr : value->as_bool();
    return flag == nullptr ? std::nullopt : std::optional(*flag);
}

std::string_view Json::kind_text() const {
    constexpr std::array<std::string_view, 7> texts{
        "null",     "true or false", "a whole number", "a decimal number",
        "a string", "a list",        "an object"};
    return texts.at(value_.index());
}

bool operator==(const Json& a, const Json& b) {
    if (a.value_.index() != b.value_.index()) return false;
    if (const auto* members = a.as_object()) {
        return std::ranges::equal(*members, *b.as_object(),
                                  [](const Json::Member& x, const Json::Member& y) {
                                      return x.key == y.key && x.value == y.value;
                                  });
    }
    if (const auto* items = a.as_array()) return *items == *b.as_array();
    if (const auto* text = a.as_string()) return *text == *b.as_string();
    if (const auto* decimal = a.as_decimal()) return decimal->value == b.as_decimal()->value;
    if (const auto* integer = a.as_integer()) return *integer == *b.as_integer();
    if (const auto* flag = a.as_bool()) return *flag == *b.as_bool();
    return true;
}

std::string write_compact(const Json& value) {
    Writer writer(false);
    writer.write(value);
    return writer.take();
}

std::string write_pretty(const Json& value) {
    Writer writer(true);
    writer.write(value);
    return writer.take() + "\n";
}

}  // namespace metergate::schema

#pragma once

#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/model/result.hpp"

namespace metergate::schema {

/// Where a value or key begins in the text it was read from. Both count from 1, columns in
/// characters (not bytes); 0 = made by the program.
struct Place {
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    bool operator==(const Place&) const = default;
};

/// A number written with a fraction or an exponent. `text` is how it stood in the source; empty for
/// one the program made.
struct Decimal {
    double value = 0;
    std::string text;
};

/// One JSON value (RFC 8259). An object keeps its members in order; keys are unique. A plain value:
/// copy it freely, any thread.
class Json {
  public:
    struct Member;
    using Array = std::vector<Json>;
    using Object = std::vector<Member>;

    /// null
    Json();
    Json(const Json& other);
    Json(Json&& other) noexcept;
    Json& operator=(const Json& other);
    Json& operator=(Json&& other) noexcept;
    ~Json();

    [[nodiscard]] static Json of(const Json& value) { return value; }
    [[nodiscard]] static Json of(Json&& value) { return std::move(value); }
    [[nodiscard]] static Json of(std::same_as<bool> auto value) { return of_bool(value); }
    /// The value must fit int64.
    template <std::integral T>
    requires(!std::same_as<T, bool>) [[nodiscard]] static Json of(T value) {
        assert(std::in_range<std::int64_t>(value));
        return of_integer(static_cast<std::int64_t>(value));
    }
    /// NaN and infinity become null: JSON has no word for them.
    [[nodiscard]] static Json of(double value);
    [[nodiscard]] static Json of(Decimal value);
    [[nodiscard]] static Json of(std::string value);
    [[nodiscard]] static Json of(std::string_view value) { return of(std::string(value)); }
    [[nodiscard]] static Json of(const char* value) { return of(std::string(value)); }
    /// An array of anything `of` takes.
    template <class T>
    [[nodiscard]] static Json of(const std::vector<T>& values) {
        Json list = array();
        for (const T& value : values) {
            list.push(value);
        }
        return list;
    }
    [[nodiscard]] static Json array();
    [[nodiscard]] static Json array(std::initializer_list<Json> items);
    [[nodiscard]] static Json object();
    [[nodiscard]] static Json object(std::initializer_list<Member> members);

    /// Appends to an array; the value must be one.
    template <class T>
    Json& push(T&& item) {
        push_value(of(std::forward<T>(item)));
        return *this;
    }
    /// Sets a member of an object, at the end if it is new; the value must be an object.
    template <class T>
    Json& set(std::string_view key, T&& item) {
        set_value(key, of(std::forward<T>(item)));
        return *this;
    }

    /// Appends to whichever of array and object this is. For a reader that has made sure of unique
    /// keys.
    void append_parsed(std::string key, Place key_place, Json item);

    [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value_); }

    // Null where the value is of another kind.
    [[nodiscard]] const bool* as_bool() const { return std::get_if<bool>(&value_); }
    [[nodiscard]] const std::int64_t* as_integer() const {
        return std::get_if<std::int64_t>(&value_);
    }
    [[nodiscard]] const Decimal* as_decimal() const { return std::get_if<Decimal>(&value_); }
    [[nodiscard]] const std::string* as_string() const { return std::get_if<std::string>(&value_); }
    [[nodiscard]] const Array* as_array() const { return std::get_if<Array>(&value_); }
    [[nodiscard]] const Object* as_object() const { return std::get_if<Object>(&value_); }
    /// An integer or a decimal.
    [[nodiscard]] std::optional<double> as_number() const;

    /// The member of that name; null if there is none or the value is no object.
    [[nodiscard]] const Json* find(std::string_view key) const;
    // The member of that name, if it is there and of that kind.
    [[nodiscard]] const std::string* string_at(std::string_view key) const;
    [[nodiscard]] std::optional<std::int64_t> integer_at(std::string_view key) const;
    [[nodiscard]] std::optional<bool> bool_at(std::string_view key) const;

    /// For error texts: "a string", "an object", ...
    [[nodiscard]] std::string_view kind_text() const;

    [[nodiscard]] Place place() const { return place_; }
    void set_place(Place place) { place_ = place; }

    /// Compares values; places do not count.
    friend bool operator==(const Json& a, const Json& b);

  private:
    using Value =
        std::variant<std::monostate, bool, std::int64_t, Decimal, std::string, Array, Object>;
    explicit Json(Value value);
    [[nodiscard]] static Json of_bool(bool value);
    [[nodiscard]] static Json of_integer(std::int64_t value);
    void push_value(Json item);
    void set_value(std::string_view key, Json item);

    Value value_;
    Place place_;
};

struct Json::Member {
    std::string key;
    Json value;
    Place key_place;
};

/// One line without blanks. Strings are UTF-8 and stay so; control characters are escaped; bytes
/// that are no UTF-8 become U+FFFD, so the result is always valid JSON. Equal values give equal
/// text.
[[nodiscard]] std::string write_compact(const Json& value);
/// For people: indented by two, lists of plain values on one line, a line feed at the end.
[[nodiscard]] std::string write_pretty(const Json& value);

/// The limits of what `parse_json` accepts.
struct ParseOptions {
    bool comments = false;  ///< `//` and `/* */`
    std::size_t depth_max = 32;
    std::size_t size_max = 1024UL * 1024;  ///< bytes of the whole text
};

/// Reads one JSON value; nothing but blanks may follow it. Refused, each with line, column and the
/// path of where it stands: syntax errors, invalid UTF-8, a key that stands twice, numbers beyond
/// 64 bits or beyond a double, nesting deeper and text larger than the options allow. A leading
/// byte order mark is skipped. Error: invalid, as "line 3, column 7: ...".
[[nodiscard]] Result<Json> parse_json(std::string_view text, const ParseOptions& options = {});

/// The same, for callers that want the place as numbers too.
struct SyntaxProblem {
    Place place;
    std::string text;  ///< without the place
};
[[nodiscard]] std::variant<Json, SyntaxProblem> read_json(std::string_view text,
                                                          const ParseOptions& options);

}  // namespace metergate::schema

#include "southbound/profile_shapes.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace metergate::southbound {
namespace {

using schema::Json;
using schema::Problems;

/// A whole number of digits alone, or hexadecimal as "0x...", in which register maps are written.
std::optional<std::uint64_t> whole_number(const Json& json) {
    if (const std::int64_t* number = json.as_integer()) {
        return *number < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(*number));
    }
    const std::string* hex = json.as_string();
    if (hex == nullptr || !hex->starts_with("0x")) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    const char* end = hex->data() + hex->size();
    const auto parsed = std::from_chars(hex->data() + 2, end, value, 16);
    return parsed.ec == std::errc{} && parsed.ptr == end ? std::optional(value) : std::nullopt;
}

template <class T>
class NumberShape final : public schema::Shape {
  public:
    NumberShape(T min, T max) : min_(min), max_(max) {}

    void read(const Json& json, void* value, const std::string& path,
              Problems& problems) const override {
        const std::optional<std::uint64_t> number = whole_number(json);
        if (!number) {
            problems.push_back(
                {path, "must be a whole number or a text like \"0x1F\"", json.place()});
        } else if (*number < min_ || *number > max_) {
            problems.push_back(
                {path, fmt::format("{} is outside {}", *number, values_text()), json.place()});
        } else {
            *static_cast<T*>(value) = static_cast<T>(*number);
        }
    }
    [[nodiscard]] std::optional<Json> write(const void* value,
                                            const schema::WriteOptions&) const override {
        return Json::of(fmt::format("0x{:X}", *static_cast<const T*>(value)));
    }
    [[nodiscard]] Json schema() const override {
        return Json::object(
            {{"type", Json::of(std::vector<std::string>{"integer", "string"}), {}}});
    }
    [[nodiscard]] std::string values_text() const override {
        return fmt::format("{}..{}", min_, max_);
    }

  private:
    T min_;
    T max_;
};

/// A list whose only item may stand without its brackets.
class PatternsShape final : public schema::Shape {
  public:
    void read(const Json& json, void* value, const std::string& path,
              Problems& problems) const override {
        if (json.as_array() != nullptr) {
            list_.shape->read(json, value, path, problems);
            return;
        }
        std::uint64_t one = 0;
        const std::size_t before = problems.size();
        pattern().shape->read(json, &one, path, problems);
        if (problems.size() == before) {
            static_cast<std::vector<std::uint64_t>*>(value)->assign(1, one);
        }
    }
    [[nodiscard]] std::optional<Json> write(const void* value,
                                            const schema::WriteOptions& options) const override {
        return list_.shape->write(value, options);
    }
    [[nodiscard]] Json schema() const override {
        return Json::object(
            {{"type", Json::of(std::vector<std::string>{"integer", "string", "array"}), {}}});
    }
    [[nodiscard]] std::string values_text() const override {
        return "one or a list of " + pattern().shape->values_text();
    }

  private:
    schema::ShapeFor<std::vector<std::uint64_t>> list_ = schema::list(pattern(), 8);
};

/// An exact positive ratio: 1000 or "1/10".
class RatioShape final : public schema::Shape {
  public:
    void read(const Json& json, void* value, const std::string& path,
              Problems& problems) const override {
        Ratio ratio;
        if (const std::int64_t* number = json.as_integer()) {
            ratio.numerator = *number;
        } else if (const std::string* written = json.as_string();
                   written == nullptr || !parse(*written, ratio)) {
            ratio.numerator = 0;
        }
        constexpr std::int64_t limit = 1'000'000'000;
        if (ratio.numerator < 1 || ratio.denominator < 1 || ratio.numerator > limit ||
            ratio.denominator > limit) {
            problems.push_back(
                {path, "must be a positive whole number or a ratio like \"1/10\"", json.place()});
        } else {
            *static_cast<Ratio*>(value) = reduced(ratio);
        }
    }
    [[nodiscard]] std::optional<Json> write(const void* value,
                                            const schema::WriteOptions&) const override {
        const Ratio& ratio = *static_cast<const Ratio*>(value);
        return Json::of(fmt::format("{}/{}", ratio.numerator, ratio.denominator));
    }
    [[nodiscard]] Json schema() const override {
        return Json::object(
            {{"type", Json::of(std::vector<std::string>{"integer", "string"}), {}}});
    }
    [[nodiscard]] std::string values_text() const override { return "ratio: 1000, \"1/10\""; }

  private:
    static bool parse(const std::string& written, Ratio& ratio) {
        const char* end = written.data() + written.size();
        const auto top = std::from_chars(written.data(), end, ratio.numerator);
        if (top.ec != std::errc{} || top.ptr == end || *top.ptr != '/') {
            return false;
        }
        const auto bottom = std::from_chars(top.ptr + 1, end, ratio.denominator);
        return bottom.ec == std::errc{} && bottom.ptr == end;
    }
};

}  // namespace

schema::ShapeFor<std::uint16_t> number16(std::uint16_t min, std::uint16_t max) {
    return {std::make_shared<NumberShape<std::uint16_t>>(min, max)};
}
schema::ShapeFor<std::uint64_t> pattern() {
    return {
        std::make_shared<NumberShape<std::uint64_t>>(0, std::numeric_limits<std::uint64_t>::max())};
}

schema::ShapeFor<std::vector<std::uint64_t>> patterns() {
    return {std::make_shared<PatternsShape>()};
}

schema::ShapeFor<Ratio> exact_ratio() {
    return {std::make_shared<RatioShape>()};
}

}  // namespace metergate::southbound

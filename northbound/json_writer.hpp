#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace metergate::northbound {

/// Writes one compact JSON text in the order of the calls: the same calls give the same bytes for
/// ever, which a resend needs. The caller keeps the nesting right. Strings that are not UTF-8 get
/// U+FFFD in place of each wrong byte.
class JsonWriter {
  public:
    JsonWriter& open_object();
    JsonWriter& close_object();
    JsonWriter& open_array();
    JsonWriter& close_array();
    JsonWriter& key(std::string_view name);

    JsonWriter& text(std::string_view value);
    JsonWriter& number(std::int64_t value);
    JsonWriter& number(std::uint64_t value);
    JsonWriter& boolean(bool value);
    JsonWriter& null();

    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    void separate();
    void plain(std::string_view token);
    void quoted(std::string_view value);

    std::string text_;
    bool needs_comma_ = false;
};

}  // namespace metergate::northbound

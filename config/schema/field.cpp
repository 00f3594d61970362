#include "config/schema/field.hpp"

#include <algorithm>
#include <array>

#include "config/schema/field_texts.hpp"

namespace metergate::schema {
namespace {

void add(Problems& problems, const std::string& path, std::string text, const Json& at) {
    problems.push_back({path, std::move(text), at.place()});
}

void add_wrong_kind(Problems& problems, const std::string& path, std::string_view wanted,
                    const Json& json) {
    add(problems, path, "must be " + std::string(wanted) + ", not " + std::string(json.kind_text()),
        json);
}

std::string quoted(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
    const std::string nearest = nearest_name(name, known);
    return nearest.empty() ? "" : "; did you mean " + quoted(nearest) + "?";
}

class FlagShape final : public Shape {
  public:
    void read(const Json& json, void* value, const std::string& path,
              Problems& problems) const override {
        if (const bool* read = json.as_bool()) {
            *static_cast<bool*>(value) = *read;
        } else {
            add_wrong_kind(problems, path, "true or false", json);
        }
    }
    [[nodiscard]] std::optional<Json> write(const void* value, const WriteOptions&) const override {
        return Json::of(*static_cast<const bool*>(value));
    }
    [[nodiscard]] Json schema() const override {
        return Json::object({{"type", Json::of("boolean"), {}}});
    }
    [[nodiscard]] std::string values_text() const override { return "true, false"; }
};

class IntegerShape : public Shape {
  public:
    void read(const Json& json, void* value, const std::string& path,
              Problems& problems) const override {
        const auto* integer = json.as_integer();
        if (integer == nullptr) {
            add_wrong_kind(problems, path, "a whole number", json);
        } else if (const std::string complaint = complaint_about(*integer); !complaint.empty()) {
            add(problems, path, std::to_string(*integer) + complaint, json);
        } else {
            *static_cast<std::int64_t*>(value) = *integer;
        }
    }
    [[nodiscard]] std::optional<Json> write(const void* value, const WriteOptions&) const override {
        return Json::of(*static_cast<const std::int64_t*>(value));
    }

  private:
    [[nodiscard]] virtual std::string complaint_about(std::int64_t value) const = 0;
};

class RangeShape final : public IntegerShape {
  public:
    RangeShape(std::int64_t min, std::int64_t max) : min_(min), max_(max) {}
    [[nodiscard]] Json schema() const override {
        return Json::object({{"type", Json::of("integer"), {}},
                             {"minimum", Json::of(min_), {}},
                             {"maximum", Json::of(max_), {}}});
    }
    [[nodiscard]] std::string values_text() const override {
        return std::to_string(min_) + ".." + std::to_string(max_);
    }

  private:
    [[nodiscard]] std::string complaint_about(std::int64_t value) const override {
        return value < min_ || value > max_ ? " is outside " + values_text() : "";
    }
    std::int64_t min_;
    std::int64_t max_;
};

class AllowedShape final : public IntegerShape {
  public:
    explicit AllowedShape(std::vector<std::int64_t> allowed) : allowed_(std::move(allowed)) {}
    [[nodiscard]] Json schema() const override {
        return Json::object({{"type", Json::of("integer"), {}}, {"enum", Json::of(allowed_), {}}});
    }
    [[nodiscard]] std::string values_text() const override {
        std::string text;
        for (const std::int64_t value : allowed_) {
            text += (text.empty() ? "" : ", ") + std::to_string(value);
        }
        return text;
    }

  private:
    [[nodiscard]] std::string complaint_about(std::int64_t value) const override {
        const bool known = std::ranges::find(allowed_, value) != allowed_.end();
        return known ? "" : " is none of " + values_text();
    }
    std::vector<std::int64_t> allowed_;
};

class TextShape final : public Shape {
  public:
    TextShape(TextRule rule, std::size_t length_min, std::size_t length_max)
        : rule_(std::move(rule)), length_min_(length_min), length_max_(length_max) {}

    void read(const Json& json, void* value, const std::string& path,
              Problems& problems) const override {
        const auto* read = json.as_string();
        if (read == nullptr) {
            add_wrong_kind(problems, path, "a string", json);
        } else if (std::string complaint = complaint_about(*read); !complaint.empty()) {
            add(problems, path, std::move(complaint), json);
        } else {
            *static_cast<std::string*>(value) = *read;
        }
    }
    [[nodiscard]] std::optional<Json> write(const void* value, const WriteOptions&) const override {
        return Json::of(*static_cast<const std::string*>(value));
    }
    [[nodiscard]] Json schema() const override {
        Json schema = Json::object({{"type", Json::of("string"), {}}});
        if (length_min_ > 0) schema.set("minLength", length_min_);
        schema.set("maxLength", length_max_);
        if (!rule_.pattern.empty()) {
            schema.set("pattern", length_min_ > 0 ? rule_.pattern : "^$|" + rule_.pattern);
        }
        return schema;
    }
    [[nodiscard]] std::string values_text() const override {
        return rule_.values_text.empty() ? "text, at most " + std::to_string(length_max_) + " bytes"
                                         : rule_.values_text;
    }

  private:
    [[nodiscard]] std::string complaint_about(const std::string& text) const {
        const auto is_control = [](char c) {
            return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
        };
        if (text.size() < length_min_) return "must not be empty";
        if (text.size() > length_max_) {
            return "has " + std::to_string(text.size()) + " bytes, more than " +
                   std::to_string(length_max_);
        }
        if (std::ranges::any_of(text, is_control)) return "holds a control character";
        return rule_.complaint == nullptr || text.empty() ? "" : rule_.complaint(text);
    }

    TextRule rule_;
    std::size_t length_min_;
    std::size_t length_max_;
};

class GroupShape final : public Shape {
  public:
    explicit GroupShape(Table table) : table_(std::move(table)) {}
    void read(const Json& json, void* value, const std::string& path,
              Problems& problems) const override {
        table_.read(json, value, path, problems);
    }
    [[nodiscard]] std::optional<Json> write(const void* value,
                                            const WriteOptions& options) const override {
        return table_.write(value, options);
    }
    [[nodiscard]] Json schema() const override { return json_schema(table_); }
    [[nodiscard]] std::string values_text() const override { return "object"; }
    [[nodiscard]] const Table* table() const override { return &table_; }

  private:
    Table table_;
};

std::vector<std::string> keys_of(const Table& table) {
    std::vector<std::string> keys;
    for (const Field& field : table.fields())
        keys.push_back(field.key);
    return keys;
}

}  // namespace

std::string_view name_of(Seal seal) {
    constexpr std::array<std::string_view, 3> names{"free", "logged", "sealed"};
    return names.at(static_cast<std::size_t>(seal));
}

void Table::read(const Json& json, void* object, const std::string& path,
                 Problems& problems) const {
    const auto* members = json.as_object();
    if (members == nullptr) {
        add_wrong_kind(problems, path, "an object", json);
        return;
    }
    for (const Json::Member& member : *members) {
        const auto field = std::ranges::find(fields_, member.key, &Field::key);
        if (field == fields_.end()) {
            read_unknown(member, path, problems);
        } else {
            field->shape->read(member.value, field->member(object), member_path(path, member.key),
                               problems);
        }
    }
    for (const Field& field : fields_) {
        if (field.required && json.find(field.key) == nullptr) {
            add(problems, member_path(path, field.key), "is missing", json);
        }
    }
    read_one_of(json, path, problems);
}

void Table::read_unknown(const Json::Member& member, const std::string& path,
                         Problems& problems) const {
    const auto keys = keys_of(*this);
    std::string hint = did_you_mean(member.key, keys);
    if (hint.empty()) hint = "; known here: " + detail::joined(keys);
    problems.push_back({member_path(path, member.key), "unknown key" + hint, member.key_place});
}

void Table::read_one_of(const Json& json, const std::string& path, Problems& problems) const {
    if (one_of_.empty()) return;
    std::vector<std::string> present;
    for (const std::string& key : one_of_) {
        if (json.find(key) != nullptr) present.push_back(key);
    }
    if (present.size() == 1) return;
    const std::string wanted =
        one_of_.size() == 1
            ? quoted(one_of_.front()) + " is missing"
            : "exactly one of " + detail::joined(one_of_) + " is needed; " +
                  (present.empty() ? "none is there" : detail::joined(present) + " are there");
    add(problems, path, wanted, json);
}

Json Table::write(const void* object, const WriteOptions& options) const {
    Json json = Json::object();
    for (const Field& field : fields_) {
        const bool left_out = options.only_sealed_and_logged && field.seal == Seal::free &&
                              field.shape->table() == nullptr;
        if (left_out) continue;
        auto value = field.shape->write(field.const_member(object), options);
        if (!value) continue;
        const bool by_default =
            !options.defaults && !field.required &&
            value == field.shape->write(field.const_member(defaults_.get()), options);
        if (!by_default) json.set(field.key, std::move(*value));
    }
    return json;
}

std::optional<Json> Table::default_of(const Field& field) const {
    return field.shape->write(field.const_member(defaults_.get()), {.defaults = true});
}

ShapeFor<bool> flag() {
    return {std::make_shared<FlagShape>()};
}

ShapeFor<std::int64_t> integer(std::int64_t min, std::int64_t max) {
    return {std::make_shared<RangeShape>(min, max)};
}

ShapeFor<std::int64_t> integer_of(std::vector<std::int64_t> allowed) {
    return {std::make_shared<AllowedShape>(std::move(allowed))};
}

ShapeFor<std::string> text(std::size_t length_max, std::size_t length_min) {
    return {std::make_shared<TextShape>(TextRule{}, length_min, length_max)};
}

ShapeFor<std::string> text_by(TextRule rule, bool empty_allowed) {
    constexpr std::size_t length_max = 256;
    return {std::make_shared<TextShape>(std::move(rule), empty_allowed ? 0 : 1, length_max)};
}

namespace detail {

std::optional<std::size_t> read_choice(const Json& json, const std::vector<std::string>& names,
                                       const std::string& path, Problems& problems) {
    const auto* name = json.as_string();
    if (name == nullptr) {
        add_wrong_kind(problems, path, "one of " + joined(names), json);
        return std::nullopt;
    }
    const auto at = std::ranges::find(names, *name);
    if (at == names.end()) {
        add(problems, path,
            quoted(*name) + " is none of " + joined(names) + did_you_mean(*name, names), json);
        return std::nullopt;
    }
    return static_cast<std::size_t>(at - names.begin());
}

Json choice_schema(const std::vector<std::string>& names) {
    return Json::object({{"type", Json::of("string"), {}}, {"enum", Json::of(names), {}}});
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

const Json::Array* read_list(const Json& json, std::size_t items_max, const std::string& path,
                             Problems& problems) {
    const auto* items = json.as_array();
    if (items == nullptr) {
        add_wrong_kind(problems, path, "a list", json);
    } else if (items->size() > items_max) {
        add(problems, path,
            "has " + std::to_string(items->size()) + " items, more than " +
                std::to_string(items_max),
            json);
        return nullptr;
    }
    return items;
}

std::shared_ptr<const Shape> group_shape(Table table) {
    return std::make_shared<GroupShape>(std::move(table));
}

}  // namespace detail
}  // namespace metergate::schema

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/schema/problem.hpp"

/// Field tables: a struct of settings is described once, and from that come reader, writer, JSON
/// Schema, manual and form. A table is an ordinary constant value; any thread may use it.
namespace metergate::schema {

/// Who may change a parameter, and what is kept of it.
enum class Seal : std::uint8_t {
    free,    ///< names, comfort: anyone who may change settings
    logged,  ///< a change is kept in the event log with its old and new value
    sealed,  ///< decides what is billed: only with the programming switch open
};
[[nodiscard]] std::string_view name_of(Seal seal);

class Table;

struct WriteOptions {
    /// False: what has its default is left out, so that the text holds what a person chose.
    bool defaults = false;
    /// Leaves the free parameters out: what remains is what the parameter hash covers.
    bool only_sealed_and_logged = false;
};

/// How the values of one type look in JSON. `value` points to a value of that type.
class Shape {
  public:
    virtual ~Shape() = default;

    /// Sets the value, or adds what is wrong to `problems` and leaves it.
    virtual void read(const Json& json, void* value, const std::string& path,
                      Problems& problems) const = 0;
    /// Nothing = the value is absent.
    [[nodiscard]] virtual std::optional<Json> write(const void* value,
                                                    const WriteOptions& options) const = 0;
    /// JSON Schema, draft 2020-12.
    [[nodiscard]] virtual Json schema() const = 0;
    /// What may stand there, for people: `1..247`, `none, even, odd`.
    [[nodiscard]] virtual std::string values_text() const = 0;
    /// The table of the struct or structs below; null for plain values.
    [[nodiscard]] virtual const Table* table() const { return nullptr; }
    /// Whether it is a list; its table then describes one item.
    [[nodiscard]] virtual bool is_list() const { return false; }
};

/// A shape that knows for which type it is, so that a table cannot bind it to another.
template <class T>
struct ShapeFor {
    std::shared_ptr<const Shape> shape;
};

/// One entry of a table.
struct Field {
    std::string key{};
    std::string label{};
    std::string unit{};
    std::string help{};
    Seal seal =
        Seal::free;  ///< without meaning for a field that holds a struct or a list of structs
    bool required = false;
    bool secret = false;  ///< never shown or sent anywhere
    // Set by Table::with.
    std::shared_ptr<const Shape> shape{};
    void* (*member)(void* object) = nullptr;
    const void* (*const_member)(const void* object) = nullptr;
};

namespace detail {
template <class T>
struct MemberPointer;
template <class S, class M>
struct MemberPointer<M S::*> {
    using Struct = S;
    using Member = M;
};
template <auto member>
using StructOf = typename MemberPointer<decltype(member)>::Struct;
template <auto member>
using MemberOf = typename MemberPointer<decltype(member)>::Member;
}  // namespace detail

/// The description of one struct. Its defaults are those of the struct's initialisers.
class Table {
  public:
    /// `title` names the struct to people.
    template <class S>
    [[nodiscard]] static Table of(std::string title) {
        return Table(std::move(title), std::make_shared<S>());
    }

    /// Binds the next field to a member of the struct.
    template <auto member>
    Table& with(ShapeFor<detail::MemberOf<member>> shape, Field field) {
        field.shape = std::move(shape.shape);
        field.member = [](void* object) -> void* {
            return &(static_cast<detail::StructOf<member>*>(object)->*member);
        };
        field.const_member = [](const void* object) -> const void* {
            return &(static_cast<const detail::StructOf<member>*>(object)->*member);
        };
        fields_.push_back(std::move(field));
        return *this;
    }

    /// Exactly one of these keys must be there.
    Table& exactly_one_of(std::vector<std::string> keys) {
        one_of_ = std::move(keys);
        return *this;
    }

    [[nodiscard]] const std::string& title() const { return title_; }
    [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }
    [[nodiscard]] const std::vector<std::string>& one_of() const { return one_of_; }

    // `object` points to the struct this table was made for.

    /// Sets what is there and right; adds every problem: wrong types and values, missing and
    /// unknown keys.
    void read(const Json& json, void* object, const std::string& path, Problems& problems) const;
    [[nodiscard]] Json write(const void* object, const WriteOptions& options) const;
    /// The value a field has when nobody sets it; nothing = absent.
    [[nodiscard]] std::optional<Json> default_of(const Field& field) const;

  private:
    Table(std::string title, std::shared_ptr<void> defaults)
        : title_(std::move(title)), defaults_(std::move(defaults)) {}
    void read_unknown(const Json::Member& member, const std::string& path,
                      Problems& problems) const;
    void read_one_of(const Json& json, const std::string& path, Problems& problems) const;

    std::string title_;
    std::shared_ptr<const void> defaults_;
    std::vector<Field> fields_;
    std::vector<std::string> one_of_;
};

// ---- Shapes
// --------------------------------------------------------------------------------------

[[nodiscard]] ShapeFor<bool> flag();
/// A whole number within both limits.
[[nodiscard]] ShapeFor<std::int64_t> integer(std::int64_t min, std::int64_t max);
/// A whole number of this list.
[[nodiscard]] ShapeFor<std::int64_t> integer_of(std::vector<std::int64_t> allowed);

/// What a string must look like beyond its length.
struct TextRule {
    /// Says what is wrong with the text; empty = nothing.
    std::string (*complaint)(const std::string& text) = nullptr;
    std::string values_text;  ///< for people
    std::string pattern;      ///< for JSON Schema; empty = none
};
/// UTF-8 without control characters, `length_max` bytes. A required text must not be empty: give
/// length_min 1.
[[nodiscard]] ShapeFor<std::string> text(std::size_t length_max, std::size_t length_min = 0);
/// A text of a rule; the empty text is allowed only if `empty_allowed`.
[[nodiscard]] ShapeFor<std::string> text_by(TextRule rule, bool empty_allowed = false);

namespace detail {

/// The name among `names` that the string of `json` is; nothing after adding the problem.
[[nodiscard]] std::optional<std::size_t> read_choice(const Json& json,
                                                     const std::vector<std::string>& names,
                                                     const std::string& path, Problems& problems);
[[nodiscard]] Json choice_schema(const std::vector<std::string>& names);
[[nodiscard]] std::string joined(const std::vector<std::string>& names);
/// Null after adding the problem that it is no list, or too long or short.
[[nodiscard]] const Json::Array* read_list(const Json& json, std::size_t items_max,
                                           const std::string& path, Problems& problems);

template <class E>
class ChoiceShape final : public Shape {
  public:
    explicit ChoiceShape(const std::vector<std::pair<std::string, E>>& choices) {
        for (const auto& [name, value] : choices) {
            names_.push_back(name);
            values_.push_back(value);
        }
    }
    void read(const Json& json, void* value, const std::string& path,
              Problems& problems) const override {
        if (const auto index = read_choice(json, names_, path, problems)) {
            *static_cast<E*>(value) = values_.at(*index);
        }
    }
    [[nodiscard]] std::optional<Json> write(const void* value, const WriteOptions&) const override {
        for (std::size_t i = 0; i < values_.size(); ++i) {
            if (values_[i] == *static_cast<const E*>(value)) return Json::of(names_[i]);
        }
        return std::nullopt;
    }
    [[nodiscard]] Json schema() const override { return choice_schema(names_); }
    [[nodiscard]] std::string values_text() const override { return joined(names_); }

  private:
    std::vector<std::string> names_;
    std::vector<E> values_;
};

template <class T>
class OptionalShape final : public Shape {
  public:
    explicit OptionalShape(ShapeFor<T> inner) : inner_(std::move(inner.shape)) {}
    void read(const Json& json, void* value, const std::string& path,
              Problems& problems) const override {
        T& inner = static_cast<std::optional<T>*>(value)->emplace();
        inner_->read(json, &inner, path, problems);
    }
    [[nodiscard]] std::optional<Json> write(const void* value,
                                            const WriteOptions& options) const override {
        const auto& optional = *static_cast<const std::optional<T>*>(value);
        return optional ? inner_->write(&*optional, options) : std::nullopt;
    }
    [[nodiscard]] Json schema() const override { return inner_->schema(); }
    [[nodiscard]] std::string values_text() const override { return inner_->values_text(); }
    [[nodiscard]] const Table* table() const override { return inner_->table(); }

  private:
    std::shared_ptr<const Shape> inner_;
};

template <class T>
class ListShape final : public Shape {
  public:
    ListShape(ShapeFor<T> item, std::size_t items_max)
        : item_(std::move(item.shape)), items_max_(items_max) {}
    void read(const Json& json, void* value, const std::string& path,
              Problems& problems) const override {
        const auto* items = read_list(json, items_max_, path, problems);
        if (items == nullptr) return;
        auto& list = *static_cast<std::vector<T>*>(value);
        list.assign(items->size(), T{});  // a bad item keeps its place, so that paths stay true
        for (std::size_t i = 0; i < items->size(); ++i) {
            item_->read(items->at(i), &list[i], item_path(path, i), problems);
        }
    }
    [[nodiscard]] std::optional<Json> write(const void* value,
                                            const WriteOptions& options) const override {
        Json list = Json::array();
        for (const T& item : *static_cast<const std::vector<T>*>(value)) {
            list.push(item_->write(&item, options).value_or(Json()));
        }
        return list;
    }
    [[nodiscard]] Json schema() const override {
        return Json::object({{"type", Json::of("array"), {}},
                             {"items", item_->schema(), {}},
                             {"maxItems", Json::of(items_max_), {}}});
    }
    [[nodiscard]] std::string values_text() const override {
        return item_->table() != nullptr ? "list" : "list of: " + item_->values_text();
    }
    [[nodiscard]] const Table* table() const override { return item_->table(); }
    [[nodiscard]] bool is_list() const override { return true; }

  private:
    std::shared_ptr<const Shape> item_;
    std::size_t items_max_;
};

[[nodiscard]] std::shared_ptr<const Shape> group_shape(Table table);

}  // namespace detail

/// One of the names; each stands for a value of an enumeration.
template <class E>
[[nodiscard]] ShapeFor<E> choice(const std::vector<std::pair<std::string, E>>& choices) {
    return {std::make_shared<detail::ChoiceShape<E>>(choices)};
}
/// A struct within a struct.
template <class S>
[[nodiscard]] ShapeFor<S> group(Table table) {
    return {detail::group_shape(std::move(table))};
}
/// Absent, or a value of that shape.
template <class T>
[[nodiscard]] ShapeFor<std::optional<T>> optional(ShapeFor<T> inner) {
    return {std::make_shared<detail::OptionalShape<T>>(std::move(inner))};
}
/// A list of values or structs.
template <class T>
[[nodiscard]] ShapeFor<std::vector<T>> list(ShapeFor<T> item, std::size_t items_max) {
    return {std::make_shared<detail::ListShape<T>>(std::move(item), items_max)};
}

}  // namespace metergate::schema

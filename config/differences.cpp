#include "config/differences.hpp"

#include <algorithm>

#include "config/schema/json.hpp"
#include "config/schema/settings_tables.hpp"

namespace metergate::config {
namespace {

using schema::Field;
using schema::Json;
using schema::Seal;
using schema::Table;
using Kind = Difference::Kind;

Seal strictest(const Table& table) {
    Seal seal = Seal::free;
    for (const Field& field : table.fields()) {
        const Table* inner = field.shape->table();
        seal = std::max(seal, inner == nullptr ? field.seal : strictest(*inner));
    }
    return seal;
}

std::string value_text(const Field& field, const Json* value) {
    if (field.secret) {
        return "(secret)";
    }
    const std::string text = value == nullptr ? "nothing" : schema::write_compact(*value);
    return field.unit.empty() || value == nullptr ? text : text + " " + field.unit;
}

/// `Panel with 24 points`
std::string summary(const Table& table, const Json& object) {
    std::string text = table.title();
    for (const Field& field : table.fields()) {
        const Json* list = field.shape->is_list() ? object.find(field.key) : nullptr;
        if (list != nullptr && field.shape->table() != nullptr) {
            text += " with " + std::to_string(list->as_array()->size()) + " " + field.key;
        }
    }
    return text;
}

/// What tells one item of a list from the others: its id, or what stands first.
std::string name_of_item(const Json& item) {
    const std::string* id = item.string_at("id");
    return id != nullptr ? *id : schema::write_compact(item.as_object()->front().value);
}

const Json* item_with(const Json::Array& list, const std::string& id) {
    const auto found = std::find_if(list.begin(), list.end(),
                                    [&](const Json& item) { return name_of_item(item) == id; });
    return found == list.end() ? nullptr : &*found;
}

std::string item_path(std::string path, const std::string& id) {
    return path.append("[").append(id).append("]");
}

/// Walks two documents and the table that describes both.
class Comparison {
  public:
    void compare(const Table& table, const Json& from, const Json& to, const std::string& path,
                 const Id& source) {
        for (const Field& field : table.fields()) {
            const Json* before = from.find(field.key);
            const Json* after = to.find(field.key);
            const std::string where = schema::member_path(path, field.key);
            if (field.shape->table() == nullptr) {
                compare_value(field, before, after, where, source);
            } else if (field.shape->is_list()) {
                compare_list(field, *before->as_array(), *after->as_array(), where);
            } else {
                compare_group(*field.shape->table(), before, after, where, source);
            }
        }
    }

    std::vector<Difference> found;

  private:
    void compare_value(const Field& field, const Json* before, const Json* after,
                       const std::string& path, const Id& source) {
        const bool same =
            (before == nullptr) == (after == nullptr) && (before == nullptr || *before == *after);
        if (!same) {
            found.push_back({Kind::changed, path, field.label, source, value_text(field, before),
                             value_text(field, after), field.seal});
        }
    }

    void compare_group(const Table& table, const Json* before, const Json* after,
                       const std::string& path, const Id& source) {
        if (before != nullptr && after != nullptr) {
            compare(table, *before, *after, path, source);
        } else if (before != nullptr) {
            add(Kind::removed, table, *before, path, source);
        } else if (after != nullptr) {
            add(Kind::added, table, *after, path, source);
        }
    }

    void compare_list(const Field& field, const Json::Array& before, const Json::Array& after,
                      const std::string& path) {
        const Table& table = *field.shape->table();
        std::vector<std::string> kept;
        for (const Json& item : before) {
            const std::string id = name_of_item(item);
            const std::string where = item_path(path, id);
            if (const Json* now = item_with(after, id)) {
                kept.push_back(id);
                compare(table, item, *now, where, source_of(item));
            } else {
                add_item(Kind::removed, table, item, where);
            }
        }
        std::vector<std::string> order;
        for (const Json& item : after) {
            const std::string id = name_of_item(item);
            if (item_with(before, id) == nullptr) {
                add_item(Kind::added, table, item, item_path(path, id));
            } else {
                order.push_back(id);
            }
        }
        if (order != kept) {
            found.push_back({Kind::changed,
                             path,
                             "Order of the list",
                             {},
                             joined(kept),
                             joined(order),
                             Seal::free});
        }
    }

    /// Nothing: an item without an id is the gateway's own.
    static Id source_of(const Json& item) {
        const std::string* id = item.string_at("id");
        return id == nullptr ? Id() : *id;
    }

    /// An item without an id is small, and told whole.
    void add_item(Kind kind, const Table& table, const Json& item, const std::string& path) {
        add(kind, table, item, path, source_of(item));
        if (item.string_at("id") == nullptr) {
            Difference& added = found.back();
            (kind == Kind::added ? added.new_text : added.old_text) +=
                " " + schema::write_compact(item);
        }
    }

    void add(Kind kind, const Table& table, const Json& object, const std::string& path,
             const Id& source) {
        Difference difference{kind, path, table.title(), source, {}, {}, strictest(table)};
        (kind == Kind::added ? difference.new_text : difference.old_text) = summary(table, object);
        found.push_back(std::move(difference));
    }

    static std::string joined(const std::vector<std::string>& ids) {
        std::string text;
        for (const std::string& id : ids) {
            text += (text.empty() ? "" : ", ") + id;
        }
        return text;
    }
};

}  // namespace

std::vector<Difference> differences(const schema::Settings& from, const schema::Settings& to) {
    const schema::WriteOptions everything{.defaults = true};
    Comparison comparison;
    comparison.compare(schema::settings_table(), schema::settings_to_json(from, everything),
                       schema::settings_to_json(to, everything), "", "");
    return std::move(comparison.found);
}

std::string text_of(const Difference& difference) {
    const std::string seal = difference.seal == Seal::free
                                 ? std::string()
                                 : " (" + std::string(name_of(difference.seal)) + ")";
    switch (difference.kind) {
        case Kind::added:
            return difference.path + ": added: " + difference.new_text + seal;
        case Kind::removed:
            return difference.path + ": removed: " + difference.old_text + seal;
        case Kind::changed:
            break;
    }
    return difference.path + ": " + difference.label + " " + difference.old_text + " -> " +
           difference.new_text + seal;
}

}  // namespace metergate::config

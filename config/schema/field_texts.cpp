#include "config/schema/field_texts.hpp"

namespace metergate::schema {
namespace {

Json field_schema(const Table& table, const Field& field) {
    Json schema = field.shape->schema();
    schema.set("title", field.label);
    if (!field.help.empty()) schema.set("description", field.help);
    if (!field.unit.empty()) schema.set("x-unit", field.unit);
    const bool plain = field.shape->table() == nullptr;
    if (plain) schema.set("x-seal", name_of(field.seal));
    if (field.secret) schema.set("writeOnly", true);
    if (plain && !field.required) {
        if (const auto value = table.default_of(field)) schema.set("default", *value);
    }
    return schema;
}

Json required_keys(const Table& table) {
    Json keys = Json::array();
    for (const Field& field : table.fields()) {
        if (field.required) keys.push(field.key);
    }
    return keys;
}

/// Text of a table's cell: a bar would end it.
std::string cell(const std::string& text) {
    std::string out;
    for (const char c : text) {
        out += c == '|' ? std::string("\\|") : std::string(1, c);
    }
    return out;
}

std::string default_text(const Table& table, const Field& field) {
    if (field.required) return "required";
    const auto value = table.default_of(field);
    if (!value || field.shape->table() != nullptr) return "";
    const auto* text = value->as_string();
    if (text != nullptr && text->empty()) return "";
    return "`" + write_compact(*value) + "`";
}

std::string row(const Table& table, const Field& field) {
    const std::string what = field.label + (field.help.empty() ? "" : ". " + field.help);
    const bool plain = field.shape->table() == nullptr;
    return "| `" + field.key + "` | " + cell(what) + " | " + cell(field.unit) + " | " +
           cell(field.shape->values_text()) + " | " + cell(default_text(table, field)) + " | " +
           (plain ? std::string(name_of(field.seal)) : "") + " |\n";
}

void append_section(std::string& out, const Table& table, const std::string& path) {
    out += "### " + table.title() + (path.empty() ? "" : " (`" + path + "`)") + "\n\n";
    if (table.one_of().size() > 1) {
        out += "Exactly one of: " + detail::joined(table.one_of()) + ".\n\n";
    }
    out += "| key | what it is | unit | values | default | seal |\n";
    out += "|---|---|---|---|---|---|\n";
    for (const Field& field : table.fields())
        out += row(table, field);
    out += "\n";
    for (const Field& field : table.fields()) {
        if (const Table* inner = field.shape->table()) {
            const std::string suffix = field.shape->is_list() ? "[]" : "";
            append_section(out, *inner, member_path(path, field.key) + suffix);
        }
    }
}

}  // namespace

Json json_schema(const Table& table) {
    Json properties = Json::object();
    for (const Field& field : table.fields()) {
        properties.set(field.key, field_schema(table, field));
    }
    Json schema = Json::object({{"type", Json::of("object"), {}},
                                {"title", Json::of(table.title()), {}},
                                {"properties", std::move(properties), {}},
                                {"required", required_keys(table), {}},
                                {"additionalProperties", Json::of(false), {}}});
    if (!table.one_of().empty()) {
        Json alternatives = Json::array();
        for (const std::string& key : table.one_of()) {
            alternatives.push(Json::object({{"required", Json::array({Json::of(key)}), {}}}));
        }
        schema.set("oneOf", std::move(alternatives));
    }
    return schema;
}

std::string manual(const Table& table) {
    std::string out;
    append_section(out, table, "");
    return out;
}

}  // namespace metergate::schema

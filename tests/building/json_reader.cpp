#include "tests/building/json_reader.hpp"

#include <fmt/format.h>

#include <utility>

#include "gateway/model/ids.hpp"

namespace metergate::building {

using schema::Json;

ObjectReader::ObjectReader(const Json& json, std::string path, std::optional<Error>& problem)
    : json_(json), path_(std::move(path)), problem_(problem) {
    if (json.as_object() == nullptr && !problem_) {
        problem_ = Error{Fault::invalid,
                         fmt::format("{}: not an object but {}",
                                     path_.empty() ? "the document" : path_, json.kind_text())};
    }
}

std::string ObjectReader::path_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void ObjectReader::complain(std::string_view key, std::string_view text) {
    if (!problem_) {
        problem_ = Error{Fault::invalid, fmt::format("{}: {}", path_of(key), text)};
    }
}

const Json* ObjectReader::member(std::string_view key) {
    asked_.emplace(key);
    return json_.find(key);
}

std::int64_t ObjectReader::integer(std::string_view key, std::int64_t otherwise, std::int64_t least,
                                   std::int64_t most) {
    const Json* found = member(key);
    if (found == nullptr) {
        return otherwise;
    }
    const std::int64_t* value = found->as_integer();
    if (value == nullptr) {
        complain(key, fmt::format("not an integer but {}", found->kind_text()));
        return otherwise;
    }
    if (*value < least || *value > most) {
        complain(key, fmt::format("{} is outside {}..{}", *value, least, most));
        return otherwise;
    }
    return *value;
}

double ObjectReader::number(std::string_view key, double otherwise, double least, double most) {
    const Json* found = member(key);
    if (found == nullptr) {
        return otherwise;
    }
    const std::optional<double> value = found->as_number();
    if (!value || *value < least || *value > most) {
        complain(key, fmt::format("not a number in {}..{}", least, most));
        return otherwise;
    }
    return *value;
}

bool ObjectReader::flag(std::string_view key, bool otherwise) {
    const Json* found = member(key);
    if (found != nullptr && found->as_bool() == nullptr) {
        complain(key, fmt::format("neither true nor false but {}", found->kind_text()));
    }
    return found != nullptr && found->as_bool() != nullptr ? *found->as_bool() : otherwise;
}

std::string ObjectReader::text(std::string_view key, const std::string& otherwise) {
    const Json* found = member(key);
    if (found != nullptr && found->as_string() == nullptr) {
        complain(key, fmt::format("not a string but {}", found->kind_text()));
    }
    return found != nullptr && found->as_string() != nullptr ? *found->as_string() : otherwise;
}

std::string ObjectReader::id(std::string_view key, const std::string& otherwise) {
    std::string value = text(key, otherwise);
    if (value.empty()) {
        complain(key, "is required");
    } else if (!is_valid_id(value)) {
        complain(key, fmt::format("\"{}\" is not an id: a-z, 0-9 and -, at most 32", value));
    }
    return value;
}

const Json::Array* ObjectReader::list(std::string_view key) {
    const Json* found = member(key);
    if (found != nullptr && found->as_array() == nullptr) {
        complain(key, fmt::format("not a list but {}", found->kind_text()));
    }
    return found == nullptr ? nullptr : found->as_array();
}

void ObjectReader::refuse_others() {
    if (json_.as_object() == nullptr) {
        return;
    }
    for (const Json::Member& found : *json_.as_object()) {
        if (!asked_.contains(found.key)) {
            complain(found.key, "unknown key");
        }
    }
}

}  // namespace metergate::building

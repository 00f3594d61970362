#include "southbound/panel_parameter.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/schema/problem.hpp"
#include "southbound/panel_request.hpp"
#include "southbound/register_value.hpp"

namespace metergate::southbound {
namespace {

RegisterField field_of(const ProfileParameter& parameter, std::uint32_t slot) {
    const auto address =
        static_cast<std::uint16_t>(parameter.address + parameter.stride * (slot - 1));
    return {parameter.table, address, parameter.type, parameter.order};
}

Error unknown(const Profile& profile, const std::string& name) {
    std::vector<std::string> names;
    for (const ProfileParameter& one : profile.parameters) {
        names.push_back(one.name);
    }
    if (names.empty()) {
        return {Fault::not_found, "profile " + profile.name + " names no parameters"};
    }
    std::string text = "profile " + profile.name + " has no parameter \"" + name + "\"";
    if (const std::string near = schema::nearest_name(name, names); !near.empty()) {
        text += "; did you mean \"" + near + "\"?";
    }
    return {Fault::not_found, std::move(text)};
}

std::optional<Error> fault_of(const ProfileParameter& parameter, const ParameterChange& change) {
    if (!parameter.writable) {
        return Error{Fault::refused, parameter.name + " cannot be set"};
    }
    if (change.value < parameter.minimum || change.value > parameter.maximum) {
        return Error{Fault::invalid,
                     fmt::format("{} must be {}..{} {}", parameter.name, parameter.minimum,
                                 parameter.maximum, parameter.unit)};
    }
    if (parameter.seal != schema::Seal::free && change.who.empty()) {
        return Error{Fault::invalid, fmt::format("{} is {}: say who sets it", parameter.name,
                                                 name_of(parameter.seal))};
    }
    if (parameter.seal == schema::Seal::sealed && change.reason.empty()) {
        return Error{Fault::invalid, parameter.name + " is sealed: say why it is set"};
    }
    return std::nullopt;
}

/// Which point is meant. Empty and 1: the panel as a whole.
Result<std::uint32_t> slot_of(const PanelDriver& driver, const ProfileParameter& parameter,
                              const ParameterChange& change) {
    if (parameter.stride == 0) {
        if (!change.point.empty()) {
            return Error{Fault::invalid, parameter.name + " is one for the whole panel"};
        }
        return 1U;
    }
    if (change.point.empty()) {
        return Error{Fault::invalid, "each point has its own " + parameter.name + ": say of which"};
    }
    for (const PanelPoint& point : driver.setup().points) {
        if (point.id == change.point) {
            return point.slot;
        }
    }
    return Error{Fault::not_found,
                 "panel " + driver.setup().id + " has no point \"" + change.point + "\""};
}

}  // namespace

std::vector<PanelParameter> parameters_of(const PanelDriver& driver) {
    std::vector<PanelParameter> all;
    for (const ProfileParameter& parameter : driver.profile().parameters) {
        if (parameter.stride == 0) {
            all.push_back({&parameter, {}, field_of(parameter, 1)});
            continue;
        }
        for (const PanelPoint& point : driver.setup().points) {
            all.push_back({&parameter, point.id, field_of(parameter, point.slot)});
        }
    }
    return all;
}

Result<PanelParameter> parameter_to_change(const PanelDriver& driver,
                                           const ParameterChange& change) {
    const auto& known = driver.profile().parameters;
    const auto found = std::find_if(known.begin(), known.end(), [&](const ProfileParameter& one) {
        return one.name == change.name;
    });
    if (found == known.end()) {
        return unknown(driver.profile(), change.name);
    }
    const auto slot = slot_of(driver, *found, change);
    if (!slot) {
        return slot.error();
    }
    if (const auto fault = fault_of(*found, change)) {
        return *fault;
    }
    return PanelParameter{&*found, change.point, field_of(*found, *slot)};
}

std::optional<ParameterValue> value_in(const RegisterBook& book, const PanelParameter& parameter) {
    const ProfileParameter& known = *parameter.profile;
    const auto bits = book.bits(parameter.field);
    const auto value = bits ? scaled_value(*bits, known.type, {}) : std::nullopt;
    if (!value) {
        return std::nullopt;
    }
    ParameterValue shown;
    shown.name = known.name;
    shown.unit = known.unit;
    shown.point = parameter.point;
    shown.value = *value;
    shown.writable = known.writable;
    shown.seal = known.seal;
    shown.minimum = known.minimum;
    shown.maximum = known.maximum;
    return shown;
}

Request parameter_write(const PanelDriver& driver, const PanelParameter& parameter,
                        std::int64_t value) {
    // Of a negative number the low registers are those of its two's complement.
    return panel_write(driver.setup().unit, driver.profile().limits, parameter.field,
                       static_cast<std::uint64_t>(value));
}

std::string text_of(const PanelParameter& parameter) {
    return parameter.profile->name +
           (parameter.point.empty() ? "" : " of point " + parameter.point);
}

}  // namespace metergate::southbound

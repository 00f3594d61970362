#include "southbound/profile.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "southbound/profile_tables.hpp"

namespace metergate::southbound {
namespace {

using schema::item_path;
using schema::member_path;
using schema::Problems;

constexpr unsigned address_end = 0x10000;

void add(Problems& problems, std::string path, std::string text) {
    problems.push_back({std::move(path), std::move(text), {}});
}

void check_identity(const ProfileIdentity& identity, const ProfileLimits& limits,
                    Problems& problems) {
    const unsigned end = unsigned{identity.address} + identity.count;
    if (identity.count > limits.registers_max || end > address_end) {
        add(problems, "identity.count", "is more than one request can read");
    }
    const auto inside = [&](unsigned address, unsigned width) {
        return address >= identity.address && address + width <= end;
    };
    for (std::size_t i = 0; i < identity.expected.size(); ++i) {
        if (!inside(identity.expected[i].address, 1)) {
            add(problems, member_path(item_path("identity.expected", i), "address"),
                "is not inside the identity's registers");
        }
    }
    if (identity.serial.type == RegisterType::f32) {
        add(problems, "identity.serial.type", "must be a whole number");
    }
    if (identity.serial.table != identity.table ||
        !inside(identity.serial.address, width_of(identity.serial.type))) {
        add(problems, "identity.serial.address", "is not inside the identity's registers");
    }
}

/// The values of all points must fit the table and not overlap.
void check_points(const std::string& path, unsigned address, unsigned stride, RegisterType type,
                  unsigned points, Problems& problems) {
    if (stride != 0 && stride < width_of(type)) {
        add(problems, member_path(path, "stride"), "is less than the registers of one value");
    }
    if (address + stride * (points - 1) + width_of(type) > address_end) {
        add(problems, member_path(path, "address"), "the last point lies beyond register 65535");
    }
}

/// True if one before this is of the same name and has a model in common, or none.
bool is_there_before(const Profile& profile, std::size_t index) {
    const ProfileQuantity& one = profile.quantities[index];
    return std::any_of(
        profile.quantities.begin(), profile.quantities.begin() + static_cast<std::ptrdiff_t>(index),
        [&](const ProfileQuantity& other) {
            const auto shares = [&](std::uint16_t id) { return one.is_in_model(id); };
            return other.quantity == one.quantity &&
                   (other.models.empty() || one.models.empty() ||
                    std::any_of(other.models.begin(), other.models.end(), shares));
        });
}

/// A SunSpec quantity lies behind the header of every model that has it, and inside the model.
void check_models(const Profile& profile, const ProfileQuantity& quantity, const std::string& path,
                  Problems& problems) {
    const std::string models = member_path(path, "models");
    if (quantity.models.empty() == profile.sunspec.has_value()) {
        add(problems, models, profile.sunspec ? "is missing" : "there is no sunspec");
        return;
    }
    if (profile.sunspec && !quantity.addresses.empty()) {
        add(problems, member_path(path, "addresses"), "a SunSpec meter has one point");
    }
    for (const std::uint16_t id : quantity.models) {
        const ProfileSunspec::Model* model = profile.sunspec->find(id);
        if (model == nullptr) {
            add(problems, models, fmt::format("{} is not among sunspec.models", id));
            continue;
        }
        const auto inside = [&](unsigned address, unsigned width) {
            return address >= sunspec_header &&
                   address + width <= unsigned{model->length} + sunspec_header;
        };
        if (!inside(quantity.address, width_of(quantity.type)) ||
            !inside(quantity.scale_register.value_or(quantity.address), 1)) {
            add(problems, member_path(path, "address"), fmt::format("is outside model {}", id));
        }
    }
}

void check_scale_register(const Profile& profile, const ProfileQuantity& quantity,
                          const std::string& path, Problems& problems) {
    if (!quantity.scale_register) {
        return;
    }
    constexpr std::int64_t scale_max = 1'000'000;  // leaves room for ten more digits
    if (quantity.scale.numerator > scale_max || quantity.scale.denominator > scale_max) {
        add(problems, member_path(path, "scale"),
            fmt::format("is beyond {}, too much for a scale register", scale_max));
    }
    if (!quantity.addresses.empty() && quantity.addresses.size() != profile.points) {
        return;
    }
    for (std::uint32_t slot = 1; slot <= profile.points; ++slot) {
        if (quantity.span_of(slot).count > profile.limits.registers_max) {
            add(problems, member_path(path, "scale_register"),
                "is too far from the value to be read in one request with it");
            return;
        }
    }
}

void check_sunspec(const Profile& profile, Problems& problems) {
    if (profile.identity) {
        add(problems, "identity", "a SunSpec device tells it in its common model");
    }
    if (profile.points != 1) {
        add(problems, "points", "a SunSpec meter has one");
    }
    if (profile.sunspec->bases.empty()) {
        add(problems, "sunspec.bases", "there is none");
    }
    for (std::size_t i = 0; i < profile.sunspec->bases.size(); ++i) {
        constexpr unsigned marker_and_header = 2U + sunspec_header;
        if (profile.sunspec->bases[i] + marker_and_header > address_end) {
            add(problems, item_path("sunspec.bases", i), "leaves no room for a model");
        }
    }
    if (profile.sunspec->models.empty()) {
        add(problems, "sunspec.models", "there is none");
    }
}

void check_quantity(const Profile& profile, std::size_t index, Problems& problems) {
    const ProfileQuantity& quantity = profile.quantities[index];
    const std::string path = item_path("quantities", index);
    const std::string_view name = facts_of(quantity.quantity).name;
    if (is_there_before(profile, index)) {
        add(problems, member_path(path, "name"), fmt::format("\"{}\" is there twice", name));
    }
    check_models(profile, quantity, path, problems);
    check_scale_register(profile, quantity, path, problems);
    if (quantity.addresses.empty()) {
        check_points(path, quantity.address, quantity.stride, quantity.type, profile.points,
                     problems);
    } else if (quantity.addresses.size() != profile.points) {
        add(problems, member_path(path, "addresses"),
            fmt::format("has {} addresses for {} points", quantity.addresses.size(),
                        profile.points));
    }
    for (const std::uint16_t address : quantity.addresses) {
        check_points(path, address, 0, quantity.type, 1, problems);
    }
    if (width_of(quantity.type) > profile.limits.registers_max) {
        add(problems, member_path(path, "type"), "does not fit into one request");
    }
    if (quantity.modulus && !facts_of(quantity.quantity).is_register) {
        add(problems, member_path(path, "modulus"),
            fmt::format("\"{}\" is no register that counts up", name));
    }
}

void check_interval_log(const Profile& profile, Problems& problems) {
    const ProfileIntervalLog& log = *profile.interval_log;
    if (log.kind == LogKind::ring && (log.ring_slots == 0 || log.ring_stride == 0)) {
        add(problems, "interval_log", "a ring needs ring_slots and ring_stride");
    }
    if (log.kind == LogKind::ring && !log.oldest) {
        add(problems, "interval_log", "a ring needs oldest");
    }
    if (!log.flag_masks.empty() && !log.flags) {
        add(problems, "interval_log.flag_masks", "there is no flags register");
    }
    for (std::size_t i = 0; i < log.values.size(); ++i) {
        const LogValue& value = log.values[i];
        check_points(item_path("interval_log.values", i), value.address, value.stride, value.type,
                     profile.points, problems);
    }
}

void check_window(const Profile& profile, Problems& problems) {
    const ProfileIntervalLog& log = *profile.interval_log;
    if (log.kind != LogKind::windowed) {
        if (log.ready_ms > 0) {
            add(problems, "interval_log.ready_ms", "only a windowed log needs time");
        }
        return;
    }
    if (!log.window || !log.shown) {
        add(problems, "interval_log", "a windowed log needs window and shown");
        return;
    }
    const auto elsewhere = [&](const LogValue& value) { return value.table != log.end.table; };
    const bool is_split = log.shown->table != log.end.table ||
                          (log.flags && log.flags->table != log.end.table) ||
                          std::any_of(log.values.begin(), log.values.end(), elsewhere) ||
                          profile.slot_span().count > profile.limits.registers_max;
    if (log.ready_ms > 0 && is_split) {
        add(problems, "interval_log.ready_ms", "all of a slot must fit into one request");
    }
}

/// What goes with seconds since 1970 only.
void check_civil_clock(const Profile& profile, Problems& problems) {
    if (profile.clock->writable) {
        add(problems, "clock.writable", "only a clock of seconds since 1970 can be set");
    }
    if (profile.event_log) {
        add(problems, "event_log", "its times need a clock of seconds since 1970");
    }
}

void check(const Profile& profile, Problems& problems) {
    if (profile.quantities.empty()) {
        add(problems, "quantities", "there is none");
    }
    if (profile.sunspec) {
        check_sunspec(profile, problems);
    }
    if (profile.identity) {
        check_identity(*profile.identity, profile.limits, problems);
    }
    if (profile.limits.late_limit_ms < profile.limits.timeout_ms) {
        add(problems, "limits.late_limit_ms", "is less than timeout_ms");
    }
    for (std::size_t i = 0; i < profile.quantities.size(); ++i) {
        check_quantity(profile, i, problems);
    }
    for (std::size_t i = 0; i < profile.parameters.size(); ++i) {
        const ProfileParameter& parameter = profile.parameters[i];
        const std::string path = item_path("parameters", i);
        check_points(path, parameter.address, parameter.stride, parameter.type, profile.points,
                     problems);
        if (parameter.minimum > parameter.maximum) {
            add(problems, member_path(path, "minimum"), "is more than maximum");
        }
        if (parameter.type == RegisterType::f32) {
            add(problems, member_path(path, "type"), "must be a whole number");
        }
    }
    if (profile.interval_log) {
        check_interval_log(profile, problems);
        check_window(profile, problems);
    }
    if (profile.clock && profile.clock->time.form != TimeForm::seconds) {
        check_civil_clock(profile, problems);
    }
    if (profile.event_log && profile.event_log->kind == LogKind::windowed &&
        !profile.event_log->window) {
        add(problems, "event_log", "a windowed log needs window");
    }
}

}  // namespace

RegisterSpan ProfileQuantity::span_of(std::uint32_t slot) const {
    const unsigned value = address_of(slot);
    const unsigned begin = std::min<unsigned>(value, scale_register.value_or(value));
    const unsigned end =
        std::max<unsigned>(value + width_of(type), scale_register.value_or(value) + 1U);
    const unsigned count = std::min(end - begin, address_end - 1);
    return {table, static_cast<std::uint16_t>(begin), static_cast<std::uint16_t>(count)};
}

ProfileQuantity ProfileQuantity::moved_by(std::uint16_t registers) const {
    ProfileQuantity moved = *this;
    moved.address = static_cast<std::uint16_t>(address + registers);
    if (scale_register) {
        moved.scale_register = static_cast<std::uint16_t>(*scale_register + registers);
    }
    return moved;
}

const ProfileSunspec::Model* ProfileSunspec::find(std::uint16_t id) const {
    const auto found = std::find_if(models.begin(), models.end(),
                                    [&](const Model& model) { return model.id == id; });
    return found == models.end() ? nullptr : &*found;
}

RegisterSpan Profile::slot_span() const {
    const ProfileIntervalLog& log = *interval_log;
    RegisterSpan whole = southbound::span_of(log.end);
    const auto add_span = [&whole](const RegisterSpan& span) {
        const unsigned begin = std::min(whole.address, span.address);
        const unsigned end = std::max(southbound::end_of(whole), southbound::end_of(span));
        whole = {whole.table, static_cast<std::uint16_t>(begin),
                 static_cast<std::uint16_t>(std::min(end - begin, address_end - 1))};
    };
    for (const auto& field : {log.shown, log.flags}) {
        if (field) {
            add_span(southbound::span_of(*field));
        }
    }
    for (const LogValue& value : log.values) {
        const unsigned last = value.address + value.stride * (points - 1U);
        add_span({value.table, value.address, width_of(value.type)});
        add_span({value.table, static_cast<std::uint16_t>(last), width_of(value.type)});
    }
    return whole;
}

const ProfileQuantity* Profile::find(Quantity quantity) const {
    const auto found =
        std::find_if(quantities.begin(), quantities.end(),
                     [&](const ProfileQuantity& entry) { return entry.quantity == quantity; });
    return found == quantities.end() ? nullptr : &*found;
}

std::optional<Milli> Profile::modulus_of(Quantity quantity) const {
    const ProfileQuantity* found = find(quantity);
    if (found == nullptr || !found->modulus || found->scale_register) {
        return std::nullopt;
    }
    return multiplied(*found->modulus, found->scale);
}

Result<Profile> profile_from_json(std::string_view text) {
    const Result<schema::Json> json = schema::parse_json(text);
    if (json.has_error()) {
        return json.error();
    }
    Profile profile;
    Problems problems;
    profile_table().read(*json, &profile, "", problems);
    if (problems.empty()) {
        check(profile, problems);
    }
    if (problems.empty()) {
        return profile;
    }
    std::string all;
    for (schema::Problem& problem : problems) {
        if (problem.place == schema::Place{}) {
            problem.place = schema::place_of(*json, problem.path);
        }
        all += (all.empty() ? "" : "\n") + schema::text_of(problem);
    }
    return Error{Fault::invalid, std::move(all)};
}

}  // namespace metergate::southbound

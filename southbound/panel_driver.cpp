#include "southbound/panel_driver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "southbound/register_value.hpp"

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;

/// FNV-1a, 64 bits (draft-eastlake-fnv): the number is stored, so it must never change.
std::uint64_t fnv1a(std::string_view text, std::uint64_t hash = 0xCBF29CE484222325U) {
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001B3U;
    }
    return hash;
}

std::string_view without_leading_zeros(std::string_view serial) {
    const std::size_t first = serial.find_first_not_of("0 ");
    return first == std::string_view::npos ? std::string_view("0") : serial.substr(first);
}

}  // namespace

std::vector<Quantity> other_quantities(const Profile& profile, const std::vector<Quantity>& taken) {
    std::vector<Quantity> others;
    for (const ProfileQuantity& quantity : profile.quantities) {
        const auto is_in = [&](const std::vector<Quantity>& list) {
            return std::find(list.begin(), list.end(), quantity.quantity) != list.end();
        };
        if (!is_in(taken) && !is_in(others)) {
            others.push_back(quantity.quantity);
        }
    }
    return others;
}

PanelDriver::PanelDriver(PanelSetup setup, Profile profile)
    : setup_(std::move(setup)), profile_(std::move(profile)) {
    std::erase_if(setup_.points, [this](const PanelPoint& point) {
        return point.slot < 1 || point.slot > profile_.points;
    });
    if (profile_.sunspec) {
        walk_.emplace(*profile_.sunspec);
        ask_walk();
        return;
    }
    map_ = profile_.quantities;
    make_blocks();
    if (profile_.identity) {
        const ProfileIdentity& identity = *profile_.identity;
        identity_request_ = request_for({identity.table, identity.address, identity.count});
    } else {
        identity_known_ = true;
    }
}

void PanelDriver::make_blocks() {
    blocks_.clear();
    add_blocks(setup_.every_poll);
    every_poll_blocks_ = blocks_.size();
    add_blocks(setup_.in_turn);
}

void PanelDriver::add_blocks(const std::vector<Quantity>& quantities) {
    for (PanelBlock& block : plan_blocks(quantities, setup_.points, map_, profile_, cost())) {
        blocks_.push_back({request_for(block.span), std::move(block.fields)});
    }
}

WireCost PanelDriver::cost() const {
    const milliseconds gap{profile_.limits.min_gap_ms};
    const milliseconds turnaround{profile_.limits.turnaround_ms};
    return setup_.character.count() == 0 ? network_cost(gap, turnaround)
                                         : serial_cost(setup_.character, gap, turnaround);
}

RegisterRequest PanelDriver::request_for(const RegisterSpan& span) const {
    RegisterRequest request;
    request.unit = setup_.unit;
    request.table = span.table;
    request.address = span.address;
    request.count = span.count;
    request.reply_timeout = milliseconds{profile_.limits.timeout_ms};
    request.late_limit = milliseconds{profile_.limits.late_limit_ms};
    request.gap_min = milliseconds{profile_.limits.min_gap_ms};
    return request;
}

void PanelDriver::ask_walk() {
    identity_request_ = request_for(walk_->next());
}

Result<void> PanelDriver::accept_walk(const RegisterReply& reply) {
    const auto meter = walk_->take(reply.registers);
    if (!meter) {
        return meter.error();
    }
    if (*meter) {
        settle_at(**meter);
    } else {
        ask_walk();
    }
    return {};
}

/// The blocks are those of the model found; they stay as they are while it stays there.
void PanelDriver::settle_at(const SunspecMeter& meter) {
    if (meter_.address != meter.address || meter_.model != meter.model) {
        map_.clear();
        for (const ProfileQuantity& entry : profile_.quantities) {
            if (entry.is_in_model(meter.model)) {
                map_.push_back(entry.moved_by(meter.address));
            }
        }
        make_blocks();
    }
    meter_ = meter;
    device_ = fmt::format("{} {}, SunSpec model {} at register {}, base {}", meter.manufacturer,
                          meter.device, meter.model, meter.address, meter.base);
    set_identity(meter.serial, meter.manufacturer + '\0' + meter.device);
}

void PanelDriver::no_identity_reply() {
    if (walk_) {
        walk_->take_silence();
    }
}

void PanelDriver::doubt() {
    identity_known_ = !profile_.identity && !walk_;
    if (walk_) {
        walk_->restart();
        ask_walk();
    }
}

Result<void> PanelDriver::accept_identity(const RegisterReply& reply) {
    if (walk_) {
        return accept_walk(reply);
    }
    assert(profile_.identity && reply.registers.size() == profile_.identity->count);
    const ProfileIdentity& identity = *profile_.identity;
    for (const ProfileIdentity::Expected& expected : identity.expected) {
        const std::uint16_t found =
            reply.registers.at(std::size_t{expected.address} - identity.address);
        if (found != expected.value) {
            return Error{
                Fault::refused,
                fmt::format("register {} reads {} (0x{:04X}), but {} has {} (0x{:04X}) there: "
                            "another kind of device at address {}?",
                            expected.address, found, found, profile_.name, expected.value,
                            expected.value, setup_.unit)};
        }
    }
    const std::span<const std::uint16_t> registers = reply.registers;
    const std::uint64_t serial =
        bits_of(registers.subspan(std::size_t{identity.serial.address} - identity.address,
                                  width_of(identity.serial.type)),
                identity.serial.order);
    set_identity(std::to_string(serial));
    return {};
}

bool PanelDriver::accept_refused_identity() {
    if (walk_) {
        const bool goes_on = walk_->take_refusal();
        ask_walk();
        return goes_on;
    }
    if (!profile_.identity || !profile_.identity->optional || !serial_.empty()) {
        return false;
    }
    identity_known_ = true;
    identity_fresh_ = true;
    return true;
}

void PanelDriver::set_identity(std::string serial, std::string_view about) {
    constexpr std::string_view separator("\0", 1);
    identity_known_ = true;
    identity_fresh_ = true;
    std::uint64_t hash = fnv1a(serial, fnv1a(separator, fnv1a(profile_.name)));
    if (!about.empty()) {
        hash = fnv1a(about, fnv1a(separator, hash));
    }
    hash = std::max<std::uint64_t>(hash, 1);
    if (hash == identity_) {
        return;
    }
    serial_ = std::move(serial);
    identity_ = hash;
    for (Block& block : blocks_) {
        for (PanelField& field : block.fields) {
            field.forget_last();
        }
    }
}

bool PanelDriver::serial_as_expected() const {
    return setup_.expected_serial.empty() || serial_.empty() ||
           without_leading_zeros(setup_.expected_serial) == without_leading_zeros(serial_);
}

std::optional<Reading> PanelDriver::accept(std::size_t block, const RegisterReply& reply,
                                           UtcTime asked_utc) {
    Block& asked = blocks_.at(block);
    assert(reply.registers.size() == asked.request.count);
    Reading reading;
    reading.values.reserve(asked.fields.size());
    bool doubtful = false;
    for (const PanelField& field : asked.fields) {
        const Measured& value = reading.values.emplace_back(decode(field, reply.registers));
        doubtful = doubtful || is_doubtful(field, value, reply.registers);
    }
    if (doubtful && !identity_fresh_ && (profile_.identity || walk_)) {
        doubt();
        return std::nullopt;
    }
    for (std::size_t i = 0; i < asked.fields.size(); ++i) {
        if (reading.values[i].valid) {
            asked.fields[i].last = reading.values[i].value;
            asked.fields[i].last_power = power_of(asked.fields[i], reply.registers);
        }
    }
    identity_fresh_ = false;
    reading.panel = setup_.number;
    reading.identity = identity_;
    reading.at = reply.asked;
    reading.at_utc = asked_utc;
    return reading;
}

std::optional<Milli> PanelDriver::register_modulus(Quantity quantity, std::uint32_t slot) const {
    const std::optional<Milli> modulus = profile_.modulus_of(quantity);
    if (!modulus) {
        return std::nullopt;
    }
    for (const PanelPoint& point : setup_.points) {
        if (point.slot == slot) {
            const RegisterSide side = profile_.find(quantity)->side;
            return multiplied(*modulus, multiplier_for(quantity, side, point.transformers));
        }
    }
    return modulus;
}

}  // namespace metergate::southbound

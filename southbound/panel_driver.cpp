#include "southbound/panel_driver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <span>
#include <utility>

#include "southbound/meter_identity.hpp"
#include "southbound/panel_request.hpp"
#include "southbound/serial_number.hpp"
#include "southbound/unserved_text.hpp"

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;

/// After a doubt all that was refused is due again: a few at a time, so that a panel which fails
/// often does not keep its line from the others.
constexpr std::size_t retries_a_poll = 4;

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
    make_fields();
    if (profile_.identity) {
        const ProfileIdentity& identity = *profile_.identity;
        identity_request_ = request_for({identity.table, identity.address, identity.count});
    } else {
        identity_known_ = true;
    }
}

void PanelDriver::make_fields() {
    fields_ = fields_of(setup_.every_poll, setup_.points, map_);
    every_poll_fields_ = fields_.size();
    std::vector<PanelField> in_turn = fields_of(setup_.in_turn, setup_.points, map_);
    fields_.reserve(fields_.size() + in_turn.size());
    std::move(in_turn.begin(), in_turn.end(), std::back_inserter(fields_));
    listed_ = listed_registers(map_, profile_.points);
    ++plan_number_;
    refused_.forget();
    refused_now_.clear();
    plan();
}

void PanelDriver::plan() {
    const std::vector<RegisterSpan> banned = refused_.banned();
    const std::vector<std::size_t> left_out = fields_with(banned);
    std::vector<std::size_t> every_poll;
    std::vector<std::size_t> in_turn;
    for (std::size_t place = 0; place < fields_.size(); ++place) {
        if (!std::binary_search(left_out.begin(), left_out.end(), place)) {
            (place < every_poll_fields_ ? every_poll : in_turn).push_back(place);
        }
    }
    const ReadLimits limits = read_limits(profile_.limits, setup_.character);
    blocks_ = plan_blocks(fields_, every_poll, {listed_, banned}, limits);
    every_poll_blocks_ = blocks_.size();
    std::vector<SharedBlock> later = plan_blocks(fields_, in_turn, {listed_, banned}, limits);
    std::move(later.begin(), later.end(), std::back_inserter(blocks_));
}

/// Places of the fields that cannot be read without reading a refused span, in order.
std::vector<std::size_t> PanelDriver::fields_with(const std::vector<RegisterSpan>& refused) const {
    std::vector<std::size_t> places;
    if (refused.empty()) {
        return places;  // nearly every poll of nearly every panel
    }
    for (std::size_t place = 0; place < fields_.size(); ++place) {
        const bool is_hit = std::any_of(
            refused.begin(), refused.end(),
            [&](const RegisterSpan& span) { return lies_in(span, fields_[place].span); });
        if (is_hit) {
            places.push_back(place);
        }
    }
    return places;
}

std::vector<SharedBlock> PanelDriver::blocks_to_retry(Instant now) const {
    std::vector<SharedBlock> blocks;
    for (const RegisterSpan& span : refused_.to_retry(now, retries_a_poll)) {
        blocks.push_back(block_over(span, fields_));
    }
    return blocks;
}

void PanelDriver::learn(const ServedAndRefused& found, Instant now) {
    refused_now_ = smallest_of(found.refused);
    if (refused_.take(found, now)) {
        plan();
    }
    for (const std::size_t place : fields_with(refused_now_)) {
        PanelField& field = fields_[place];
        if (field.is_shown) {
            field.is_shown = false;
            gone_.push_back({field.point, field.quantity, false, 0});
        }
    }
}

void PanelDriver::learn_served(const std::vector<RegisterSpan>& served, Instant now) {
    if (refused_.take({served, {}}, now)) {
        plan();
    }
}

std::string PanelDriver::unserved() const {
    std::vector<RegisterSpan> refused = refused_.banned();
    refused.insert(refused.end(), refused_now_.begin(), refused_now_.end());
    return unserved_text(fields_, fields_with(refused), setup_.points);
}

RegisterRequest PanelDriver::request_for(const RegisterSpan& span) const {
    return panel_request(setup_.unit, profile_.limits, span);
}

Duration PanelDriver::time_on_wire(const RegisterReply& reply) const {
    // Unit, function, length and CRC, and two characters a register.
    const auto characters = static_cast<std::int64_t>(5 + 2 * reply.registers.size());
    return std::chrono::floor<Duration>(setup_.character * characters);
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
        make_fields();
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

void PanelDriver::begin(Instant now) {
    if (now - heard_ > change_time_min) {
        ask_identity();
    }
}

void PanelDriver::doubt() {
    refused_.doubt();
    ask_identity();
}

void PanelDriver::ask_identity() {
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
    auto serial = serial_in(profile_, reply.registers, setup_.unit);
    if (!serial) {
        return serial.error();
    }
    set_identity(std::move(*serial));
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
    identity_known_ = true;
    identity_fresh_ = true;
    const std::uint64_t hash = identity_of(profile_.name, serial, about);
    if (hash == identity_) {
        return;
    }
    serial_ = std::move(serial);
    identity_ = hash;
    for (PanelField& field : fields_) {
        field.forget_last();
    }
    ++plan_number_;
    refused_.forget();
    refused_now_.clear();
    plan();
}

bool PanelDriver::serial_as_expected() const {
    return setup_.expected_serial.empty() || serial_.empty() ||
           without_leading_zeros(setup_.expected_serial) == without_leading_zeros(serial_);
}

std::optional<Reading> PanelDriver::accept(const PanelBlock& block, const RegisterReply& reply,
                                           UtcTime asked_utc) {
    assert(reply.registers.size() == block.span.count);
    const auto registers_of = [&](const PanelField& field) {
        const auto begin = static_cast<std::size_t>(field.span.address - block.span.address);
        return std::span(reply.registers).subspan(begin, field.span.count);
    };
    Reading reading;
    reading.values.resize(block.fields.size());
    bool doubtful = false;
    auto value = reading.values.begin();
    for (const std::size_t place : block.fields) {
        const PanelField& field = fields_.at(place);
        const std::span<const std::uint16_t> own = registers_of(field);
        *value = decode(field, own);
        doubtful = doubtful || is_doubtful(field, *value, own);
        ++value;
    }
    if (doubtful && !identity_fresh_ && (profile_.identity || walk_)) {
        doubt();
        return std::nullopt;
    }
    for (std::size_t i = 0; i < block.fields.size(); ++i) {
        if (reading.values[i].valid) {
            PanelField& field = fields_[block.fields[i]];
            field.last = reading.values[i].value;
            field.last_power = power_of(field, registers_of(field));
            field.is_shown = true;
        }
    }
    append_gone(reading.values);
    identity_fresh_ = false;
    heard_ = reply.asked;
    reading.panel = setup_.number;
    reading.identity = identity_;
    reading.at = reply.asked;
    reading.at_utc = asked_utc;
    return reading;
}

void PanelDriver::append_gone(std::vector<Measured>& values) {
    const std::vector<Measured> gone = std::exchange(gone_, {});
    std::copy_if(gone.begin(), gone.end(), std::back_inserter(values), [&](const Measured& one) {
        return std::none_of(values.begin(), values.end(), [&](const Measured& value) {
            return value.point == one.point && value.quantity == one.quantity;
        });
    });
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

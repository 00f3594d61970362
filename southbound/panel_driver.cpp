#include "southbound/panel_driver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "southbound/read_plan.hpp"
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

/// What one value of a secondary register is to be multiplied by: power and energy by both ratios,
/// a current by that of the CT, a voltage by that of the PT.
Ratio multiplier_for(Quantity quantity, RegisterSide side, const Transformers& transformers) {
    Transformers relevant = transformers;
    switch (quantity) {
        case Quantity::power_factor:
        case Quantity::frequency:
            return {};
        case Quantity::current_1:
        case Quantity::current_2:
        case Quantity::current_3:
            relevant.pt_ratio = {};
            break;
        case Quantity::voltage_1:
        case Quantity::voltage_2:
        case Quantity::voltage_3:
            return side == RegisterSide::primary ? Ratio{} : reduced(transformers.pt_ratio);
        default:
            break;
    }
    return billing_multiplier(side, relevant);
}

std::string_view without_leading_zeros(std::string_view serial) {
    const std::size_t first = serial.find_first_not_of("0 ");
    return first == std::string_view::npos ? std::string_view("0") : serial.substr(first);
}

/// One span for each value of the quantity, from the first point to the last.
void add_spans(const ProfileQuantity& quantity, std::uint32_t first_slot, std::uint32_t last_slot,
               std::vector<RegisterSpan>& out) {
    for (std::uint32_t slot = first_slot; slot <= last_slot; ++slot) {
        out.push_back({quantity.table, quantity.address_of(slot), width_of(quantity.type)});
    }
}

}  // namespace

std::vector<Quantity> other_quantities(const Profile& profile, const std::vector<Quantity>& taken) {
    std::vector<Quantity> others;
    for (const ProfileQuantity& quantity : profile.quantities) {
        if (std::find(taken.begin(), taken.end(), quantity.quantity) == taken.end()) {
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
    add_blocks(setup_.every_poll);
    every_poll_blocks_ = blocks_.size();
    add_blocks(setup_.in_turn);
    if (profile_.identity) {
        const ProfileIdentity& identity = *profile_.identity;
        identity_request_ = request_for(identity.table, identity.address, identity.count);
    } else {
        identity_known_ = true;
    }
}

void PanelDriver::add_blocks(const std::vector<Quantity>& quantities) {
    std::vector<RegisterSpan> wanted;
    for (const Quantity name : quantities) {
        const ProfileQuantity* quantity = profile_.find(name);
        for (const PanelPoint& point : setup_.points) {
            if (quantity != nullptr) {
                add_spans(*quantity, point.slot, point.slot, wanted);
            }
        }
    }
    std::vector<RegisterSpan> listed;
    for (const ProfileQuantity& quantity : profile_.quantities) {
        add_spans(quantity, 1, profile_.points, listed);
    }
    ReadLimits limits;
    limits.registers_max = profile_.limits.registers_max;
    limits.hole_registers_max = profile_.limits.hole_registers_max;
    for (const RegisterSpan& run : plan_reads(wanted, listed, limits)) {
        Block block{request_for(run.table, run.address, run.count), {}};
        add_fields(block, quantities);
        if (!block.fields.empty()) {
            blocks_.push_back(std::move(block));
        }
    }
}

void PanelDriver::add_fields(Block& block, const std::vector<Quantity>& quantities) const {
    for (const Quantity name : quantities) {
        const ProfileQuantity* quantity = profile_.find(name);
        if (quantity == nullptr || quantity->table != block.request.table) {
            continue;
        }
        for (const PanelPoint& point : setup_.points) {
            const unsigned address = quantity->address_of(point.slot);
            const unsigned end = address + width_of(quantity->type);
            if (address < block.request.address ||
                end > unsigned{block.request.address} + block.request.count) {
                continue;
            }
            Field field;
            field.point = point.number;
            field.quantity = name;
            field.is_register = facts_of(name).is_register;
            field.offset = static_cast<std::uint16_t>(address - block.request.address);
            field.type = quantity->type;
            field.order = quantity->order;
            field.scale = quantity->scale;
            field.multiplier = multiplier_for(name, quantity->side, point.transformers);
            field.not_available = quantity->not_available;
            block.fields.push_back(field);
        }
    }
}

RegisterRequest PanelDriver::request_for(Table table, std::uint16_t address,
                                         std::uint16_t count) const {
    RegisterRequest request;
    request.unit = setup_.unit;
    request.table = table;
    request.address = address;
    request.count = count;
    request.reply_timeout = milliseconds{profile_.limits.timeout_ms};
    request.late_limit = milliseconds{profile_.limits.late_limit_ms};
    request.gap_min = milliseconds{profile_.limits.min_gap_ms};
    return request;
}

Result<void> PanelDriver::accept_identity(const RegisterReply& reply) {
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
    if (!profile_.identity || !profile_.identity->optional || !serial_.empty()) {
        return false;
    }
    identity_known_ = true;
    identity_fresh_ = true;
    return true;
}

void PanelDriver::set_identity(std::string serial) {
    identity_known_ = true;
    identity_fresh_ = true;
    if (serial == serial_) {
        return;
    }
    serial_ = std::move(serial);
    identity_ = fnv1a(serial_, fnv1a(std::string_view("\0", 1), fnv1a(profile_.name)));
    if (identity_ == 0) {
        identity_ = 1;
    }
    for (Block& block : blocks_) {
        for (Field& field : block.fields) {
            field.last = no_value;
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
    bool backwards = false;
    for (const Field& field : asked.fields) {
        const Measured& value = reading.values.emplace_back(decode(field, reply.registers));
        backwards = backwards || (field.is_register && value.valid && value.value < field.last);
    }
    if (backwards && !identity_fresh_ && profile_.identity) {
        doubt();
        return std::nullopt;
    }
    for (std::size_t i = 0; i < asked.fields.size(); ++i) {
        if (reading.values[i].valid) {
            asked.fields[i].last = reading.values[i].value;
        }
    }
    identity_fresh_ = false;
    reading.panel = setup_.number;
    reading.identity = identity_;
    reading.at = reply.asked;
    reading.at_utc = asked_utc;
    return reading;
}

Measured PanelDriver::decode(const Field& field, const std::vector<std::uint16_t>& registers) {
    const std::uint64_t bits =
        bits_of(std::span(registers).subspan(field.offset, width_of(field.type)), field.order);
    std::optional<Milli> value;
    if (bits != field.not_available) {
        value = scaled_value(bits, field.type, field.scale);
    }
    Measured measured{field.point, field.quantity, value.has_value(), value.value_or(0)};
    if (field.multiplier != Ratio{}) {
        measured.value = multiplied(measured.value, field.multiplier);
    }
    return measured;
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

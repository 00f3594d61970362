#include "southbound/identification.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "southbound/register_value.hpp"

namespace metergate::southbound {
namespace {

constexpr unsigned timeouts_max = 2;  ///< of one question
constexpr unsigned garbled_max = 3;
/// Fewer than this of garbled or surplus replies are noise.
constexpr unsigned signs_min = 3;

bool has_content(const Profile& profile) {
    return profile.identity && !profile.identity->expected.empty();
}

RegisterSpan block_of(const Profile& profile) {
    return {profile.identity->table, profile.identity->address, profile.identity->count};
}

Pdu read_pdu(const RegisterSpan& span) {
    RegisterRequest request;
    request.table = span.table;
    request.address = span.address;
    request.count = span.count;
    return Request(request).pdu;
}

bool fits(const ProfileIdentity& identity, std::span<const std::uint16_t> registers) {
    return std::all_of(identity.expected.begin(), identity.expected.end(), [&](const auto& one) {
        return registers[std::size_t{one.address} - identity.address] == one.value;
    });
}

/// Nothing: zero and all ones are what devices without a number have there.
std::optional<std::uint64_t> serial_in(const ProfileIdentity& identity,
                                       std::span<const std::uint16_t> registers) {
    const std::size_t at = std::size_t{identity.serial.address} - identity.address;
    const auto words = registers.subspan(at, width_of(identity.serial.type));
    const bool is_blank =
        std::all_of(words.begin(), words.end(), [](std::uint16_t word) { return word == 0; }) ||
        std::all_of(words.begin(), words.end(), [](std::uint16_t word) { return word == 0xFFFF; });
    return is_blank ? std::nullopt : std::optional(bits_of(words, identity.serial.order));
}

void append_text(std::string& text, std::string_view more) {
    if (!more.empty()) {
        text += text.empty() ? std::string(more) : " " + std::string(more);
    }
}

}  // namespace

Identification::Identification(std::uint8_t unit, std::span<const Profile> profiles, Pdu probe,
                               const Result<Reply>& outcome)
    : profiles_(profiles), probe_(std::move(probe)) {
    found_.unit = unit;
    const bool is_garbled = outcome.has_error() && outcome.error().fault == Fault::damaged;
    plan(is_garbled);
    if (is_garbled) {
        take(outcome);
    } else {
        found_.answers = true;
        ++replies_;
    }
}

void Identification::plan(bool with_probe) {
    if (with_probe) {
        questions_.push_back({Kind::probe, {}});
    }
    plan_blocks(true);
    for (std::size_t i = 0; i < profiles_.size(); ++i) {
        if (profiles_[i].sunspec) {
            questions_.push_back({Kind::sunspec, {i}});
        }
    }
    plan_blocks(false);
    questions_.push_back({Kind::objects, {}});
    questions_.push_back({Kind::server_id, {}});
    begin_sunspec();
}

/// Profiles with the same block share one question.
void Identification::plan_blocks(bool with_content) {
    const std::size_t first = questions_.size();
    for (std::size_t i = 0; i < profiles_.size(); ++i) {
        if (!profiles_[i].identity || has_content(profiles_[i]) != with_content) {
            continue;
        }
        const auto same = std::find_if(questions_.begin() + static_cast<std::ptrdiff_t>(first),
                                       questions_.end(), [&](const Question& question) {
                                           return block_of(profiles_[question.profiles.front()]) ==
                                                  block_of(profiles_[i]);
                                       });
        if (same == questions_.end()) {
            questions_.push_back({Kind::block, {i}});
        } else {
            same->profiles.push_back(i);
        }
    }
}

std::optional<Pdu> Identification::next() const {
    return at_ < questions_.size() ? std::optional(pdu_of(questions_[at_])) : std::nullopt;
}

Pdu Identification::pdu_of(const Question& question) const {
    switch (question.kind) {
        case Kind::probe:
            return probe_;
        case Kind::block:
            return read_pdu(block_of(profiles_[question.profiles.front()]));
        case Kind::sunspec:
            return read_pdu(walk_->next());
        case Kind::objects:
            return device_identification_pdu(object_);
        case Kind::server_id:
            return server_id_pdu();
        case Kind::again:
            break;
    }
    return settled_by_;
}

void Identification::take(const Result<Reply>& outcome) {
    if (at_ >= questions_.size()) {
        return;
    }
    const Question question = questions_[at_];
    if (outcome) {
        failures_ = 0;
        ++replies_;
        found_.answers = true;
        take_reply(question, *outcome);
    } else {
        take_failure(question, outcome.error().fault);
    }
}

void Identification::take_reply(const Question& question, const Reply& reply) {
    switch (question.kind) {
        case Kind::probe:
            go_on();
            break;
        case Kind::block:
            take_block(question, reply);
            break;
        case Kind::sunspec:
            take_sunspec(reply);
            break;
        case Kind::objects:
            take_objects(reply);
            break;
        case Kind::server_id:
            take_server_id(reply);
            break;
        case Kind::again:
            take_again(reply);
            break;
    }
}

void Identification::take_failure(const Question& question, Fault fault) {
    if (fault == Fault::refused) {
        ++replies_;
        found_.answers = true;
        failures_ = 0;
        if (question.kind != Kind::sunspec || !walk_->take_refusal()) {
            go_on();
        }
        return;
    }
    ++failures_;
    const bool is_garbled = fault == Fault::damaged;
    garbled_ += is_garbled ? 1U : 0U;
    // Functions that a device does not know are often answered by nothing.
    const bool is_optional = question.kind == Kind::objects || question.kind == Kind::server_id;
    if (failures_ >= (is_garbled ? garbled_max : is_optional ? 1 : timeouts_max)) {
        give_up(question);
    }
}

void Identification::give_up(const Question& question) {
    if (question.kind == Kind::sunspec &&
        walks_ < profiles_[question.profiles[0]].sunspec->bases.size()) {
        failures_ = 0;
        ++walks_;
        walk_->take_silence();
        walk_->restart();
        return;
    }
    if (question.kind == Kind::probe && !found_.answers) {
        at_ = questions_.size();  // nothing intact ever comes from here
        return;
    }
    go_on();
}

void Identification::take_block(const Question& question, const Reply& reply) {
    const auto registers = registers_of(Result<Reply>(reply))->registers;
    bool any = false;
    for (const std::size_t index : question.profiles) {
        const Profile& profile = profiles_[index];
        const auto serial = serial_in(*profile.identity, registers);
        if (!fits(*profile.identity, registers) || (!serial && !has_content(profile))) {
            continue;
        }
        any = true;
        found_.profiles.push_back(profile.name);
        found_.certain = has_content(profile);
        if (found_.serial.empty() && serial) {
            found_.serial = std::to_string(*serial);
        }
    }
    if (any) {
        settled(reply, found_.certain ? "identity block" : "serial number register");
    } else {
        go_on();
    }
}

void Identification::take_sunspec(const Reply& reply) {
    const auto registers = registers_of(Result<Reply>(reply))->registers;
    const Pdu asked = read_pdu(walk_->next());
    constexpr std::size_t header_registers = 2;
    if (registers.size() > header_registers) {
        settled_by_ = asked;  // the common model, with the serial number
        answer_ = reply.pdu;
    }
    const auto meter = walk_->take(registers);
    if (!meter) {
        if (!settled_by_.empty()) {
            found_.note = "a SunSpec device without a meter: " + meter.error().text;
        }
        settled_by_.clear();
        go_on();
    } else if (*meter) {
        const Profile& profile = profiles_[questions_[at_].profiles.front()];
        found_.profiles = {profile.name};
        found_.certain = true;
        found_.device = (*meter)->manufacturer;
        append_text(found_.device, (*meter)->device);
        found_.serial = (*meter)->serial;
        found_.how = fmt::format("SunSpec model {}", (*meter)->model);
        ask_again();
    }
}

void Identification::take_objects(const Reply& reply) {
    const auto objects = device_objects(reply.pdu);
    if (!objects) {
        go_on();
        return;
    }
    for (const DeviceObject& object : objects->objects) {
        append_text(found_.device, object.text);
    }
    if (objects->next && *objects->next > object_) {
        object_ = *objects->next;  // only upward: no device can keep us for ever
        return;
    }
    settled(reply, "device identification");
}

void Identification::take_server_id(const Reply& reply) {
    append_text(found_.device, server_id_text(reply.pdu).value_or(""));
    settled(reply, "server id");
}

/// A serial number alone does not end the search: the device may still say what it is.
void Identification::settled(const Reply& reply, std::string_view how) {
    if (settled_by_.empty()) {
        settled_by_ = pdu_of(questions_[at_]);
        answer_ = reply.pdu;
    }
    append_text(found_.how, found_.how.empty() ? how : "and " + std::string(how));
    if (questions_[at_].kind == Kind::block && !found_.certain) {
        go_on();
    } else {
        ask_again();
    }
}

void Identification::ask_again() {
    questions_.resize(at_);
    questions_.push_back({Kind::again, {}});
}

void Identification::take_again(const Reply& reply) {
    changed_ += reply.pdu == answer_ ? 0U : 1U;
    if (++again_ == repeats) {
        go_on();
    }
}

void Identification::go_on() {
    failures_ = 0;
    ++at_;
    const bool ends = at_ == questions_.size() && questions_.back().kind != Kind::again;
    if (ends && !settled_by_.empty()) {
        questions_.push_back({Kind::again, {}});
    }
    begin_sunspec();
}

void Identification::begin_sunspec() {
    if (at_ < questions_.size() && questions_[at_].kind == Kind::sunspec) {
        walk_.emplace(*profiles_[questions_[at_].profiles.front()].sunspec);
        walks_ = 1;
    }
}

std::string Identification::doubled_text() const {
    if (changed_ > 0) {
        return "it does not give the same identity each time";
    }
    if (unasked_ >= signs_min) {
        return "more than one reply comes to a request";
    }
    if (garbled_ >= signs_min) {
        return "its replies are garbled";
    }
    return {};
}

FoundDevice Identification::found() const {
    FoundDevice found = found_;
    found.doubled = doubled_text();
    return found;
}

}  // namespace metergate::southbound

#include "southbound/scan.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;

/// A device that answered is given more time than one that may not be there.
constexpr Duration question_timeout = milliseconds{500};
constexpr Duration late_limit = milliseconds{1000};
/// After a reply another one is listened for as long: two devices at one address.
constexpr Duration listen_time = milliseconds{40};

/// At the end of a round, for a reply that is late by more than a probe waits.
constexpr Duration last_listen_time = milliseconds{350};

constexpr std::size_t probe_count = 2;
/// Characters that a probe without an answer takes: request, two silences, the shortest reply.
constexpr int probe_characters = 8 + 7 + 7;

Pdu probe_pdu(std::size_t probe) {
    static const std::array<Pdu, probe_count> all{Pdu{3, 0, 0, 0, 1}, server_id_pdu()};
    return all.at(probe);
}

bool is_sign_of_life(const Result<Reply>& outcome) {
    return outcome.has_value() || outcome.error().fault == Fault::refused ||
           outcome.error().fault == Fault::damaged;
}

}  // namespace

Scan::Scan(ScanPlan plan) : plan_(std::move(plan)) {
    assert(!plan_.wires.empty() && !plan_.units.empty());
    for (std::size_t probe = 0; probe < probe_count; ++probe) {
        for (std::size_t wire = 0; wire < plan_.wires.size(); ++wire) {
            passes_.push_back({wire, probe});
        }
    }
}

Scan::Turn Scan::next(Instant now, const MutedUntil& muted_until) {
    begun_ = begun_.value_or(now);
    Turn turn;
    turn.request = next_question(now, muted_until, turn.at);
    if (!turn.request) {
        turn.request = next_probe(now, muted_until, turn.at);
    }
    if (!turn.request && turn.at == never && !passes_.empty()) {
        turn.at = listen_on(now);
    }
    return turn;
}

/// Everybody was asked: until late replies are here, the wire is kept.
Instant Scan::listen_on(Instant now) {
    listen_until_ = listen_until_.value_or(now + last_listen_time);
    if (now >= *listen_until_) {
        end_pass();
        return now;
    }
    return *listen_until_;
}

std::optional<Request> Scan::next_question(Instant now, const MutedUntil& muted_until,
                                           Instant& at) {
    for (const Open& open : open_) {
        const std::uint8_t unit = open.identification.found().unit;
        if (const Instant free = muted_until(unit); free > now) {
            at = std::min(at, free);
            continue;
        }
        unit_ = unit;
        probing_ = false;
        return request_to(unit, *open.identification.next(), question_timeout);
    }
    return std::nullopt;
}

std::optional<Request> Scan::next_probe(Instant now, const MutedUntil& muted_until, Instant& at) {
    if (passes_.empty()) {
        return std::nullopt;
    }
    while (at_ < plan_.units.size() && is_known(plan_.units[at_])) {
        ++at_;
    }
    if (at_ == plan_.units.size()) {
        return std::nullopt;
    }
    const std::uint8_t unit = plan_.units[at_];
    if (const Instant free = muted_until(unit); free > now) {
        at = std::min(at, free);
        return std::nullopt;
    }
    ++at_;
    unit_ = unit;
    probing_ = true;
    asked_ = probe_pdu(passes_.front().probe);
    const bool patient = passes_.front().probe > 0 && late_wires_.contains(wire_);
    return request_to(unit, asked_, patient ? question_timeout : plan_.wires[wire_].reply_timeout);
}

Request Scan::request_to(std::uint8_t unit, Pdu pdu, Duration timeout) const {
    Request request;
    request.unit = unit;
    request.pdu = std::move(pdu);
    request.reply_timeout = timeout;
    request.late_limit = late_limit;
    request.gap_min = answered_ ? listen_time : Duration{};
    return request;
}

void Scan::take(const Result<Reply>& outcome) {
    answered_ = is_sign_of_life(outcome);
    answered_by_ = unit_;
    if (probing_) {
        cost_done_ += cost_of(wire_);
        if (answered_) {
            known_.insert({wire_, unit_});
            open_.push_back({wire_, Identification(unit_, plan_.profiles, asked_, outcome)});
        }
        return;
    }
    for (Open& open : open_) {
        if (open.identification.found().unit == unit_) {
            open.identification.take(outcome);
        }
    }
    close_finished();
}

void Scan::close_finished() {
    std::erase_if(open_, [this](const Open& open) {
        if (open.identification.next()) {
            return false;
        }
        closed_.push_back(open.identification.found());
        closed_.back().wire = open.wire;
        return true;
    });
}

void Scan::heard_unasked() {
    heard_late();
    for (Open& open : open_) {
        if (answered_ && open.identification.found().unit == answered_by_) {
            open.identification.heard_unasked();
        }
    }
}

/// A wire with devices is probed to its end; others only if all are wanted.
void Scan::end_pass() {
    const bool has_devices = std::any_of(closed_.begin(), closed_.end(), [this](const auto& one) {
        return one.wire == wire_ && one.answers;
    });
    cost_done_ += last_listen_time;
    passes_.pop_front();
    if (has_devices && !plan_.all_wires) {
        std::erase_if(passes_, [this](const Pass& pass) { return pass.wire != wire_; });
    }
    if (late_wires_.contains(wire_)) {
        std::stable_partition(passes_.begin(), passes_.end(),
                              [this](const Pass& pass) { return pass.wire == wire_; });
    }
    change_wire();
}

void Scan::skip_wire() {
    std::erase_if(passes_, [this](const Pass& pass) { return pass.wire == wire_; });
    open_.clear();
    change_wire();
}

void Scan::change_wire() {
    at_ = 0;
    answered_ = false;
    listen_until_.reset();
    if (!passes_.empty()) {
        wire_ = passes_.front().wire;
    }
}

bool Scan::is_known(std::uint8_t unit) const {
    return known_.contains({wire_, unit});
}

std::vector<FoundDevice> Scan::found() const {
    std::vector<FoundDevice> all = closed_;
    for (const Open& open : open_) {
        all.push_back(open.identification.found());
        all.back().wire = open.wire;
    }
    std::sort(all.begin(), all.end(), [](const FoundDevice& a, const FoundDevice& b) {
        return std::pair(a.wire, a.unit) < std::pair(b.wire, b.unit);
    });
    for (FoundDevice& one : all) {
        const bool others_are_fine = std::any_of(all.begin(), all.end(), [&](const auto& other) {
            return other.wire == one.wire && other.unit != one.unit && other.answers;
        });
        if (!one.answers && !others_are_fine) {
            one.doubled.clear();
            one.note = "only garbled replies: another speed or parity, or two devices";
        }
    }
    return all;
}

Duration Scan::cost_of(std::size_t wire) const {
    return plan_.wires[wire].reply_timeout + probe_characters * plan_.wires[wire].character;
}

Duration Scan::cost_left() const {
    Duration left{};
    for (const Pass& pass : passes_) {
        left +=
            static_cast<Duration::rep>(plan_.units.size()) * cost_of(pass.wire) + last_listen_time;
    }
    return left - (passes_.empty()
                       ? Duration{}
                       : static_cast<Duration::rep>(at_) * cost_of(passes_.front().wire));
}

ScanProgress Scan::progress(Instant now) const {
    constexpr Duration settled = std::chrono::seconds{2};
    ScanProgress progress;
    progress.wire = wire_;
    progress.second = !passes_.empty() && passes_.front().probe > 0;
    progress.unit = unit_;
    progress.left = cost_left();
    progress.found = closed_.size() + open_.size();
    const Duration all = cost_done_ + progress.left;
    progress.percent =
        all.count() == 0 ? 100U : static_cast<unsigned>(100 * cost_done_.count() / all.count());
    const Duration took = now - begun_.value_or(now);
    if (cost_done_ > settled && took > settled) {
        const double pace =
            static_cast<double>(took.count()) / static_cast<double>(cost_done_.count());
        progress.left =
            Duration{static_cast<Duration::rep>(pace * static_cast<double>(progress.left.count()))};
    }
    return progress;
}

}  // namespace metergate::southbound

#include "tests/building/bus.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace metergate::building {
namespace {

constexpr std::size_t tcp_header = 7;

}  // namespace

Bus::Bus(LinePlan plan, Timeline timeline, std::vector<PanelModel*> panels, Ledger& ledger)
    : plan_(std::move(plan)),
      faults_(plan_.faults),
      timeline_(timeline),
      panels_(std::move(panels)),
      ledger_(ledger),
      random_(plan_.seed) {}

const PlannedFault* Bus::fault_on(const PanelModel& panel, FaultKind kind, UtcTime at) const {
    const PlannedFault* of_line = faults_.active(kind, at);
    return of_line != nullptr ? of_line : panel.active_fault(kind, at);
}

void Bus::doubt(const Reply& reply) {
    if (reply.row) {
        ledger_.doubt(panels_[reply.panel]->ledger_panel(), *reply.row);
    }
}

void Bus::spoil(Bytes& bytes, std::size_t first) {
    for (std::size_t i = first; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ (1U << random_.below(8)));
    }
}

/// Applies what harms single bytes. True if anything changed.
bool Bus::harm(const PanelModel& panel, UtcTime at, Bytes& bytes) {
    bool changed = false;
    if (const PlannedFault* garbled = fault_on(panel, FaultKind::garbled, at)) {
        for (std::uint8_t& byte : bytes) {
            if (random_.chance(garbled->percent / 100)) {
                byte = static_cast<std::uint8_t>(byte ^ (1U << random_.below(8)));
                changed = true;
            }
        }
    }
    if (const PlannedFault* parity = fault_on(panel, FaultKind::parity, at)) {
        for (std::uint8_t& byte : bytes) {
            // A serial driver hands a byte with a parity error over as 0.
            if (random_.chance(parity->percent / 100) && byte != 0) {
                byte = 0;
                changed = true;
            }
        }
    }
    if (const PlannedFault* dropped = fault_on(panel, FaultKind::dropped, at)) {
        const auto kept = std::remove_if(bytes.begin(), bytes.end(), [&](std::uint8_t) {
            return random_.chance(dropped->percent / 100);
        });
        changed = changed || kept != bytes.end();
        bytes.erase(kept, bytes.end());
    }
    return changed;
}

std::optional<Reply> Bus::reply_of(std::uint8_t unit, std::span<const std::uint8_t> pdu,
                                   Instant end) {
    const auto found =
        std::find_if(panels_.begin(), panels_.end(),
                     [unit](const PanelModel* panel) { return panel->plan().unit == unit; });
    if (found == panels_.end()) {
        return std::nullopt;
    }
    PanelModel& panel = **found;
    const UtcTime at = timeline_.at(end);
    if (fault_on(panel, FaultKind::silent, at) != nullptr) {
        return std::nullopt;
    }
    Answer answer = panel.answer(pdu, at);
    if (answer.pdu.empty()) {
        return std::nullopt;
    }
    Reply reply;
    reply.panel = static_cast<std::size_t>(found - panels_.begin());
    reply.row = answer.row;
    reply.bytes = std::move(answer.pdu);
    reply.begin = end + panel.plan().turnaround;
    if (const PlannedFault* late = fault_on(panel, FaultKind::late, at)) {
        reply.begin += std::chrono::milliseconds{late->ms};
        doubt(reply);
    }
    return reply;
}

std::uint8_t Bus::shown_unit(const Reply& reply, Instant end) const {
    const PanelModel& panel = *panels_[reply.panel];
    const bool wrong = fault_on(panel, FaultKind::wrong_unit, timeline_.at(end)) != nullptr;
    return static_cast<std::uint8_t>(wrong ? panel.plan().unit % 247 + 1 : panel.plan().unit);
}

std::optional<Reply> Bus::rtu_reply(std::span<const std::uint8_t> frame, Instant end) {
    if (!is_rtu_frame(frame)) {
        return std::nullopt;
    }
    std::optional<Reply> reply = reply_of(frame[0], frame.subspan(1, frame.size() - 3), end);
    if (!reply) {
        return reply;
    }
    const PanelModel& panel = *panels_[reply->panel];
    const std::uint8_t unit = shown_unit(*reply, end);
    reply->bytes = rtu_frame(unit, reply->bytes);
    reply->begin = std::max(reply->begin, end + silence_min(plan_.baud));
    const bool harmed = harm(panel, timeline_.at(end), reply->bytes);
    if (harmed || unit != panel.plan().unit) {
        doubt(*reply);
    }
    return reply;
}

std::optional<Bytes> Bus::foreign_request(Instant now) {
    const PlannedFault* fault = faults_.active(FaultKind::foreign_master, timeline_.at(now));
    if (fault == nullptr || panels_.empty() || now < foreign_next_) {
        return std::nullopt;
    }
    constexpr std::array<std::uint8_t, 5> read_identity{3, 0, 0, 0, 6};
    foreign_next_ = now + std::chrono::milliseconds{fault->ms};
    return rtu_frame(panels_.front()->plan().unit, read_identity);
}

std::optional<Reply> Bus::tcp_reply(std::span<const std::uint8_t> frame, Instant end) {
    const bool whole =
        frame.size() > tcp_header && u16_at(frame, 2) == 0 && u16_at(frame, 4) + 6U == frame.size();
    if (!whole) {
        return std::nullopt;
    }
    std::optional<Reply> reply = reply_of(frame[6], frame.subspan(tcp_header), end);
    if (reply) {
        const std::uint8_t unit = shown_unit(*reply, end);
        if (unit != panels_[reply->panel]->plan().unit) {
            doubt(*reply);
        }
        reply->bytes = tcp_frame(u16_at(frame, 0), unit, reply->bytes);
    }
    return reply;
}

}  // namespace metergate::building

#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/building/building.hpp"
#include "tests/building/received.hpp"

namespace metergate::building::test {

/// A gateway in fifty lines, for judging the judge: polls the energy registers of every panel on
/// the first line and makes records by the book. It knows nothing of resets and changes of meter.
class ModelGateway {
  public:
    ModelGateway(Building& building, VirtualClock& clock)
        : building_(building),
          clock_(clock),
          wire_(building.make_transport(building.scenario().lines[0].id)) {}

    /// Polls until `until`, then returns what a far end would have.
    std::vector<ReceivedBatch> run(std::chrono::seconds length, std::chrono::seconds until) {
        const Duration period = std::chrono::milliseconds{building_.scenario().poll_period_ms};
        for (Instant at = clock_.now() + period; at <= Instant{} + Duration{until}; at += period) {
            building_.step_clock(clock_);
            for (const PanelPlan& panel : building_.scenario().panels) {
                poll(panel, length.count());
            }
            clock_.advance_to(at);
        }
        building_.finish();
        std::vector<ReceivedBatch> received;
        for (auto& [key, batch] : batches_) {
            batch.number = ++numbers_[batch.panel];
            received.push_back(batch);
        }
        return received;
    }

  private:
    struct Chain {
        std::int64_t at_ms = -1;
        std::int64_t reg = 0;
        std::int64_t start_s = 0;
        std::int64_t start_reg = 0;
        bool first = true;
    };

    void poll(const PanelPlan& panel, std::int64_t length_s) {
        clock_.advance(std::chrono::milliseconds{5});
        if (!wire_->open()) {
            return;
        }
        const auto points = static_cast<std::uint8_t>(panel.points.size());
        const std::array<std::uint8_t, 5> pdu{3, 0x03, 0xE8, 0,
                                              static_cast<std::uint8_t>(4 * points)};
        const Bytes frame = rtu_frame(panel.unit, pdu);
        if (!wire_->send(frame)) {
            return;
        }
        const std::int64_t baud = building_.scenario().lines[0].baud;
        const std::int64_t at_ms = epoch_ms(UtcTime{
            clock_.utc() + std::chrono::floor<std::chrono::milliseconds>(characters(8, baud))});
        std::array<std::uint8_t, 256> buffer{};
        const Instant deadline = clock_.now() + std::chrono::milliseconds{300};
        clock_.advance_to(wire_->wake_by(deadline));
        const auto count = wire_->receive(buffer);
        const std::span<const std::uint8_t> reply(buffer.data(), count ? *count : 0);
        if (reply.size() != 5U + 8U * points || !is_rtu_frame(reply) || reply[0] != panel.unit) {
            clock_.advance_to(deadline);
            return;
        }
        for (std::size_t i = 0; i < points; ++i) {
            std::int64_t reg = 0;
            for (std::size_t k = 0; k < 4; ++k) {
                reg = reg << 16U | u16_at(reply, 3 + 8 * i + 2 * k);
            }
            feed(panel, panel.points[i].id, at_ms, reg, length_s);
        }
    }

    void feed(const PanelPlan& panel, const Id& point, std::int64_t at_ms, std::int64_t reg,
              std::int64_t length_s) {
        Chain& chain = chains_[point];
        if (chain.at_ms < 0) {
            chain = {at_ms, reg, at_ms / 1000, reg, true};
            return;
        }
        const std::int64_t gap_ms = at_ms - chain.at_ms;
        const bool bracketed = gap_ms <= std::min<std::int64_t>(60'000, length_s * 1000);
        const std::int64_t modulus = panel.modulus_wh;
        const std::int64_t step = (reg - chain.reg + modulus) % modulus;
        for (std::int64_t edge = (chain.at_ms / 1000 / length_s + 1) * length_s;
             edge * 1000 <= at_ms; edge += length_s) {
            ReceivedRecord record;
            record.point = point;
            record.series = series_;
            record.end_s = edge;
            record.start_s = edge - length_s;
            record.flags = Flag::missing;
            if (bracketed) {
                const std::int64_t inside_ms = edge * 1000 - chain.at_ms;
                const std::int64_t at_edge = (chain.reg + step * inside_ms / gap_ms) % modulus;
                record.start_s = chain.start_s;
                record.value = (at_edge - chain.start_reg + modulus) % modulus;
                record.reg = at_edge;
                record.flags = Flag::interpolated;
                if (at_edge < chain.start_reg) record.flags |= Flag::rollover;
                if (edge - chain.start_s < length_s) record.flags |= Flag::short_interval;
                if (edge - chain.start_s > length_s) record.flags |= Flag::long_interval;
                chain.start_s = edge;
                chain.start_reg = at_edge;
            }
            ReceivedBatch& batch = batches_[{edge, panel.id}];
            batch.epoch = "e1";
            batch.panel = panel.id;
            batch.end_s = edge;
            batch.records.push_back(record);
        }
        chain.at_ms = at_ms;
        chain.reg = reg;
    }

    Building& building_;
    VirtualClock& clock_;
    std::unique_ptr<southbound::modbus::Transport> wire_;
    std::string series_ = building_.scenario().series.front();
    std::map<Id, Chain> chains_;
    std::map<std::pair<std::int64_t, Id>, ReceivedBatch> batches_;
    std::map<Id, std::uint64_t> numbers_;
};

}  // namespace metergate::building::test

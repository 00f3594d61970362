#pragma once

#include "northbound/delivery.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "northbound/native_encoder.hpp"
#include "tests/support/fake_batches.hpp"
#include "tests/support/fake_publisher.hpp"
#include "tests/support/sample_building.hpp"

namespace metergate::northbound {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;
using support::east;
using support::sample_batch;
using support::west;

inline const std::string east_topic = "metergate/tower-1/batch/east";

inline Reading reading_of(PointNumber point, Milli watts, Instant at, bool valid = true) {
    Reading reading;
    reading.panel = panel_of(point);
    reading.at = at;
    reading.values = {{point, Quantity::power, valid, watts}};
    return reading;
}

inline PublishOutcome refusal(bool over_quota = false) {
    return {0, Error{Fault::refused, "not authorized (0x87)"}, over_quota};
}

class DeliveryTest : public testing::Test {
  protected:
    VirtualClock clock{utc_from_ms(1'700'000'000'000)};
    support::FakeBatches store;
    support::FakePublisher broker{clock};
    record::LiveValues live;
    std::vector<Event> events;
    DeliveryOptions options;
    std::unique_ptr<Delivery> delivery;
    std::vector<record::Receipt> stored_receipts;
    std::size_t checked = 0;

    void SetUp() override {
        options.destination = "bms";
        options.program_version = "0.1.0";
        options.seed = 7;
    }
    void stored(std::int64_t count, PanelNumber panel = east) {
        for (std::int64_t i = 0; i < count; ++i) {
            const auto seq = static_cast<std::int64_t>(store.rows.size()) + 1;
            store.rows.push_back(sample_batch(seq, panel));
        }
        if (delivery && !store.rows.empty()) {
            delivery->batch_stored(store.rows.back().seq);
        }
    }
    void start(std::optional<BatchSeq> cursor = BatchSeq{0}) {
        delivery = std::make_unique<Delivery>(
            options, support::sample_directory(),
            Delivery::Parts{clock, store, store, broker, live,
                            [this](Event event) { events.push_back(std::move(event)); }},
            Delivery::Stored{cursor, stored_receipts});
    }
    void run(Duration span) {
        const Instant end = clock.now() + span;
        for (;;) {
            const Instant wants = std::min(delivery->step(), broker.next_at());
            const Instant next = std::max(wants, clock.now() + Duration{1});
            if (next > end) {
                clock.advance_to(end);
                return;
            }
            clock.advance_to(next);
        }
    }
    std::string payload(std::size_t row) const {
        return encode_batch(store.rows.at(row), support::sample_directory(), store.epoch());
    }
    std::vector<std::string> batches_sent() const {
        std::vector<std::string> payloads;
        for (const auto& entry : broker.seen_on("/batch/")) {
            payloads.push_back(entry.message.payload);
        }
        return payloads;
    }
    BatchSeq moved() const {
        return store.moves.empty() ? BatchSeq{-1} : store.moves.back().through;
    }
    std::vector<EventKind> kinds() const {
        std::vector<EventKind> found;
        for (const Event& event : events) {
            found.push_back(event.kind);
        }
        return found;
    }
    /// No move of the cursor ever passed a batch that was not accepted.
    void expect_cursor_only_over_accepted() {
        const BatchSeq through = moved();
        for (; checked < store.rows.size() && store.rows[checked].seq <= through; ++checked) {
            ASSERT_TRUE(broker.accepted.contains(payload(checked))) << "row " << checked;
        }
    }
};

}  // namespace metergate::northbound

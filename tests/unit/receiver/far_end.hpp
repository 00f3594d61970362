#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "northbound/delivery.hpp"
#include "northbound/native_encoder.hpp"
#include "northbound/receiver/receiver.hpp"
#include "tests/support/fake_batches.hpp"
#include "tests/support/hub.hpp"
#include "tests/support/sample_building.hpp"

namespace metergate::northbound::receiver {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;
using support::east;
using support::west;

/// Keeps what was received in memory and lives on when its receiver is destroyed.
class MemoryReceived final : public record::ReceivedStore {
  public:
    using Key = std::tuple<std::string, Epoch, std::uint64_t>;
    std::map<Key, std::string> payloads;
    std::map<std::pair<std::string, Epoch>, std::uint64_t> gone;
    std::vector<std::string> aside;
    std::optional<Error> fault;

    Result<std::vector<record::HeldRun>> held() override {
        std::vector<record::HeldRun> runs;
        for (const auto& [key, payload] : payloads) {
            runs.push_back(
                {std::get<1>(key), std::get<0>(key), std::get<2>(key), std::get<2>(key)});
        }
        return runs;
    }
    Result<std::vector<record::PurgedRun>> purged() override {
        std::vector<record::PurgedRun> runs;
        for (const auto& [key, through] : gone) {
            runs.push_back({key.second, key.first, through});
        }
        return runs;
    }
    Result<std::vector<record::Reception>> put(const record::Arrivals& arrivals) override {
        if (fault) {
            return *fault;
        }
        std::vector<record::Reception> answers;
        for (const auto& batch : arrivals.batches) {
            const auto [place, is_new] =
                payloads.try_emplace({batch.panel, batch.epoch, batch.number}, batch.payload);
            answers.push_back(is_new                           ? record::Reception::added
                              : place->second == batch.payload ? record::Reception::repeated
                                                               : record::Reception::changed);
            if (answers.back() == record::Reception::changed) {
                aside.push_back(batch.payload);
            }
        }
        for (const auto& run : arrivals.purged) {
            auto& through = gone[{run.panel, run.epoch}];
            through = std::max(through, run.through);
        }
        return answers;
    }
};

/// A gateway's delivery, a broker, and a receiver, on one virtual clock.
class FarEndTest : public testing::Test {
  protected:
    VirtualClock clock{utc_from_ms(1'700'000'000'000)};
    std::unique_ptr<support::Hub> hub = std::make_unique<support::Hub>(clock);
    support::FakeBatches store;
    record::LiveValues live;
    std::unique_ptr<Publisher> sending;
    std::unique_ptr<Delivery> delivery;
    MemoryReceived kept;
    std::unique_ptr<Publisher> receiving;
    std::unique_ptr<Receiver> receiver;
    std::vector<std::string> said;
    std::vector<std::string> warnings;

    void stored(std::int64_t count) {
        std::map<PanelNumber, std::uint64_t> numbers;
        for (const Batch& row : store.rows) {
            numbers[row.panel] = row.number;
        }
        for (std::int64_t i = 0; i < count; ++i) {
            const auto seq = static_cast<std::int64_t>(store.rows.size()) + 1;
            store.rows.push_back(support::sample_batch(seq, seq % 3 == 0 ? west : east));
            store.rows.back().number = ++numbers[store.rows.back().panel];
        }
        if (delivery) {
            delivery->batch_stored(store.rows.back().seq);
        }
    }
    void start_gateway(std::uint64_t seed = 1) {
        DeliveryOptions options;
        options.destination = "office";
        options.seed = seed;
        options.live_values = false;
        sending = hub->make_publisher();
        delivery = std::make_unique<Delivery>(
            options, support::sample_directory(),
            Delivery::Parts{clock, store, store, *sending, live, [](const Event&) {}},
            Delivery::Stored{BatchSeq{0}, {}});
    }
    void start_receiver(std::uint64_t seed = 1) {
        receiver.reset();
        receiving = hub->make_publisher();
        receiver = std::make_unique<Receiver>(
            ReceiverOptions{"tower-1", "bills", seed},
            Receiver::Parts{clock, *receiving, kept,
                            [this](std::string_view text) { said.emplace_back(text); },
                            [this](std::string_view text) { warnings.emplace_back(text); }});
        ASSERT_TRUE(receiver->resume());
        run(200ms);  // it listens then
    }
    void run(Duration span) {
        const Instant end = clock.now() + span;
        while (clock.now() < end) {
            Instant next = clock.now() + 50ms;
            if (delivery) {
                (void)delivery->step();
            }
            if (receiver) {
                (void)receiver->step();
            }
            clock.advance_to(std::min(next, end));
        }
    }
    void expect_everything_once() {
        std::map<MemoryReceived::Key, std::string> expected;
        const auto directory = support::sample_directory();
        for (const Batch& row : store.rows) {
            const auto first = store.kept.find(row.panel);
            if (first == store.kept.end() || row.number >= first->second) {
                expected[{panel_name(directory, row.panel), store.epoch(), row.number}] =
                    encode_batch(row, directory, store.epoch());
            }
        }
        EXPECT_TRUE(kept.payloads == expected)
            << kept.payloads.size() << " are kept, " << expected.size() << " exist";
        EXPECT_EQ(receiver->summary().missing, 0U);
        EXPECT_EQ(receiver->summary().changed, 0U);
        EXPECT_TRUE(receiver->complete());
    }
    std::size_t published(const std::string& part) const {
        return static_cast<std::size_t>(std::count_if(
            hub->seen.begin(), hub->seen.end(),
            [&](const Message& message) { return message.topic.find(part) != std::string::npos; }));
    }
};

}  // namespace metergate::northbound::receiver

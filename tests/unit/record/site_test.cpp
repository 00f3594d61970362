#include "tests/unit/record/site.hpp"

#include <gtest/gtest.h>

namespace metergate::record {

using namespace std::chrono_literals;

void Site::begin() {
    inbox = std::make_unique<RecorderInbox>();
    const auto restart = store.restart_state();
    auto made = Recorder::make(clock, store, *inbox, live, plan, *restart);
    ASSERT_TRUE(made) << made.error().text;
    recorder = std::make_unique<Recorder>(std::move(*made));
}

void Site::step() {
    const Instant next = recorder->step();
    ASSERT_GT(next, clock.now());
    clock.advance_to(std::min(next, clock.now() + 1s));
}

void expect_gapless(const std::vector<Record>& current) {
    ASSERT_FALSE(current.empty());
    Milli sum = 0;
    std::optional<Milli> first_register;
    Milli last_register = 0;
    UtcSeconds booked_through = current.front().start;
    for (std::size_t i = 0; i < current.size(); ++i) {
        const Record& record = current[i];
        EXPECT_EQ(record.value.has_value(), !record.flags.has(Flag::missing));
        EXPECT_EQ(epoch_s(record.end) % 900, 0);
        if (i > 0) {
            EXPECT_EQ(record.end - current[i - 1].end, 15min);
        }
        if (!record.value) {
            continue;
        }
        EXPECT_EQ(record.start, booked_through);
        booked_through = record.end;
        first_register = first_register.value_or(*record.reg - *record.value);
        last_register = *record.reg;
        sum += *record.value;
    }
    EXPECT_EQ(sum, last_register - first_register.value_or(0));
}

}  // namespace metergate::record

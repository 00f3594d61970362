#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "gateway/metering/interval_chain.hpp"

// Random lives of a meter, seeded: whatever happens to wire, clock, register and gateway, what is
// booked is what the readings of each counter show, no more and no less, and no slot goes
// unmentioned.

namespace metergate::metering {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t power_max_w = 30'000;

class MeterLife {
  public:
    MeterLife(std::uint32_t seed, Milli modulus, seconds length)
        : random_(seed),
          modulus_(modulus),
          length_(length),
          grid_(*IntervalGrid::make("America/Toronto", length, TimeBase::local)),
          rules_{.bracket_max = std::min<milliseconds>(60s, length),
                 .close_wait = 30s,
                 .modulus = modulus,
                 .power_max_w = power_max_w,
                 .always = {}},
          chain_(grid_, rules_) {
        // Shortly before the clock change of November 2024 in Toronto.
        utc_ = utc_from_ms(1'730'600'000'000 + pick(0, 3'600'000));
        count_ = pick(0, modulus > 0 ? modulus - 1 : 1'000'000);
        face_offset_ = 0;
    }

    void live(seconds duration) {
        const Instant end = now_ + duration;
        while (now_ < end) {
            advance(pick(9'000, 11'000));
            if (now_ < silent_until_) {
                chain_.close_overdue(utc_, out_);
                continue;
            }
            poll();
            chain_.close_overdue(utc_, out_);
            misfortune();
        }
        // Another meter at last: it closes the chain at its last reading.
        advance(10'000);
        chain_.feed({now_, utc_, identity_ + 1, 5}, out_);
    }

    void check() const {
        check_sum();
        check_intervals();
        check_slots();
    }

  private:
    std::int64_t pick(std::int64_t low, std::int64_t high) {
        return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
    }
    bool chance(int per_mille) { return pick(1, 1'000) <= per_mille; }

    void advance(std::int64_t ms) {
        now_ += milliseconds{ms};
        utc_ += milliseconds{ms};
        count_ += pick(0, power_max_w * ms / 3'600'000);
    }

    [[nodiscard]] Milli face() const {
        const Milli reg = count_ - face_offset_;
        return modulus_ > 0 ? reg % modulus_ : reg;
    }

    void poll() {
        if (calm_polls_ > 0) {
            --calm_polls_;
        } else if (chance(3)) {
            constexpr Milli garbage[] = {0, -1, 0xFFFF'FFFF, 0x8000, INT64_MAX};
            const Milli wrong = garbage[pick(0, 4)];
            if (wrong != face()) {
                chain_.feed({now_, utc_, identity_, wrong}, out_);
            }
            calm_polls_ = 6;
            return;
        }
        if (!segment_begun_) {
            segment_begun_ = true;
            first_utc_ = opened_ ? first_utc_ : utc_;
            opened_ = true;
            segment_begin_ = count_;
        }
        wanted_ += count_ - std::max(segment_begin_, segment_end_);
        segment_end_ = count_;
        chain_.feed({now_, utc_, identity_, face()}, out_);
    }

    void begin_segment() {
        segment_begun_ = false;
        calm_polls_ = 6;
    }

    void misfortune() {
        if (calm_polls_ > 0) {
            return;
        }
        if (chance(4)) {
            silent_until_ = now_ + seconds{pick(0, chance(200) ? 20'000 : 400)};
            calm_polls_ = 6;
        } else if (chance(2)) {
            ++identity_;
            face_offset_ = count_ - pick(0, modulus_ > 0 ? modulus_ - 1 : 5'000'000);
            begin_segment();
        } else if (chance(2) && face() > 200'000 && (modulus_ == 0 || face() < modulus_ / 2)) {
            face_offset_ = count_ - pick(0, 50'000);  // a reset
            begin_segment();
        } else if (chance(3)) {
            constexpr int steps_s[] = {1, 61, 900, 3'600};
            const int step_s = steps_s[pick(0, 3)];
            utc_ += seconds{chance(500) ? step_s : -step_s};
            chain_.mark(Flag::clock_set, UtcTime::max());
            clock_stepped_ = true;
        } else if (chance(3)) {
            restart();
        }
    }

    void restart() {
        const auto baseline = chain_.baseline();
        const auto last = chain_.last_reading();
        chain_ = IntervalChain(grid_, rules_);
        chain_.resume(baseline);
        if (last && chance(700)) {
            chain_.resume_reading(last->at_utc, last->reg);
        }
        calm_polls_ = 6;
    }

    void check_sum() const {
        Milli sum = 0;
        for (const auto& interval : out_.intervals) {
            sum += interval.value.value_or(0);
        }
        EXPECT_EQ(sum, wanted_);
    }

    void check_intervals() const {
        UtcSeconds booked_through{};
        for (const auto& interval : out_.intervals) {
            ASSERT_LT(interval.start, interval.end);
            ASSERT_EQ(interval.flags.has(Flag::missing), !interval.value);
            // Both only where the clock was set back: short by it, but it holds more.
            ASSERT_FALSE(!clock_stepped_ && interval.flags.has(Flag::short_interval) &&
                         interval.flags.has(Flag::long_interval));
            if (!interval.value) {
                continue;
            }
            ASSERT_GE(interval.start, booked_through);
            booked_through = interval.end;
            ASSERT_GE(*interval.value, 0);
            ASSERT_GE(interval.uncertainty, 0);
            if (!clock_stepped_) {
                const auto most_wh =
                    power_max_w * (interval.end - interval.start + 1s).count() / 3'600 + 1;
                ASSERT_LE(*interval.value, most_wh + interval.uncertainty);
            }
        }
    }

    void check_slots() const {
        std::map<UtcSeconds, bool> booked;
        for (const auto& interval : out_.intervals) {
            const auto known = booked.find(interval.end);
            ASSERT_TRUE(known == booked.end() || !known->second)
                << "a slot with a value was written again";
            booked[interval.end] = interval.value.has_value();
        }
        if (booked.empty()) {
            return;
        }
        const UtcSeconds last = booked.rbegin()->first;
        for (UtcSeconds edge = grid_.next_edge(std::chrono::floor<seconds>(first_utc_));
             edge <= last; edge = grid_.next_edge(edge)) {
            ASSERT_EQ(booked.count(edge), 1U) << epoch_s(edge);
        }
    }

    std::mt19937 random_;
    Milli modulus_;
    seconds length_;
    IntervalGrid grid_;
    ChainRules rules_;
    IntervalChain chain_;
    ChainOutput out_;

    Instant now_{};
    UtcTime utc_;
    UtcTime first_utc_;
    Milli count_ = 0;        ///< what flowed
    Milli face_offset_ = 0;  ///< what the register's face has less
    std::uint64_t identity_ = 1;
    Instant silent_until_{};
    int calm_polls_ = 6;
    bool clock_stepped_ = false;
    bool opened_ = false;
    bool segment_begun_ = false;
    Milli segment_begin_ = 0;
    Milli segment_end_ = 0;
    Milli wanted_ = 0;  ///< what the readings show
};

struct Life {
    Milli modulus;
    seconds length;
};
class MeterLives : public testing::TestWithParam<Life> {};

TEST_P(MeterLives, book_what_the_readings_show_and_mention_every_slot) {
    for (std::uint32_t seed = 1; seed <= 25; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        MeterLife life(seed, GetParam().modulus, GetParam().length);
        life.live(30h);
        life.check();
        if (HasFailure()) {
            return;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Registers, MeterLives,
                         testing::Values(Life{0, 15min}, Life{0, 5min}, Life{0, 1h}, Life{0, 2h},
                                         Life{1'000'000'000, 15min}, Life{4'294'967'296, 15min},
                                         Life{100'000'000'000, 30min}, Life{0, 10s}));

}  // namespace
}  // namespace metergate::metering

#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/record/recorder.hpp"
#include "tests/support/memory_store.hpp"

namespace metergate::record {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Noon of 1 March 2024, UTC.
inline constexpr UtcSeconds noon = utc_from_s(1'709'294'400);
inline constexpr SeriesNumber quarter_hours{1};
inline constexpr SeriesNumber hours{2};
inline constexpr SeriesNumber received{3};

constexpr PointNumber point_of(std::uint32_t panel, std::uint32_t point) {
    return point_number(PanelNumber{panel}, point);
}

inline RecordPlan plan_of(std::uint32_t panels, std::uint32_t points) {
    RecordPlan plan;
    plan.zone = "UTC";
    plan.clock_valid_from = utc_from_ms(1'700'000'000'000);
    for (std::uint32_t p = 1; p <= panels; ++p) {
        PanelPlan panel;
        panel.number = PanelNumber{p};
        panel.id = "panel-" + std::to_string(p);
        for (std::uint32_t i = 0; i < points; ++i) {
            PointPlan point;
            point.number = point_of(p, i);
            point.id = panel.id + "-" + std::to_string(i);
            point.power_max_w = 48'000;
            point.series = {{Series{}, quarter_hours}};
            panel.points.push_back(point);
        }
        plan.panels.push_back(panel);
    }
    return plan;
}

/// A recorder with a clock, a store that outlives it and panels that are read each 10 s.
class Site {
  public:
    explicit Site(RecordPlan record_plan, UtcTime start = noon - seconds{60})
        : plan(std::move(record_plan)), clock(start) {
        begin();
    }

    void begin();
    /// A power cut: what was not stored is gone.
    void cut_power(Duration off) {
        recorder.reset();
        run_unread(off);
        begin();
    }
    /// A clean stop, or as good as a power cut if the store fails just then.
    void stop_and_start(Duration off) {
        static_cast<void>(recorder->finish());
        recorder.reset();
        run_unread(off);
        begin();
    }

    void send(std::uint32_t panel, const std::vector<Measured>& values,
              std::uint64_t identity = 7) {
        inbox->readings.push(clock.now(),
                             {PanelNumber{panel}, identity, clock.now(), clock.utc(), values});
    }
    /// All points of a panel at once, each a little further than time says.
    void poll(const PanelPlan& panel) {
        std::vector<Measured> values;
        for (const PointPlan& point : panel.points) {
            values.push_back(
                {point.number, Quantity::energy_delivered, true, count_at(point.number)});
        }
        send(raw(panel.number), values);
    }
    [[nodiscard]] Milli count_at(PointNumber point) const {
        return 1'000'000 + raw(point) + true_s() * 5;
    }
    [[nodiscard]] std::int64_t true_s() const {
        return std::chrono::floor<seconds>(clock.now().time_since_epoch()).count();
    }

    void run(Duration time) {
        const Instant end = clock.now() + time;
        while (clock.now() < end) {
            if (clock.now() >= next_poll_) {
                for (const PanelPlan& panel : plan.panels) {
                    if (std::find(dead.begin(), dead.end(), panel.number) == dead.end()) {
                        poll(panel);
                    }
                }
                next_poll_ = clock.now() + seconds{10};
            }
            step();
        }
    }
    void step();
    void idle(Duration time) {
        for (const Instant end = clock.now() + time; clock.now() < end;) {
            step();
        }
    }
    void run_unread(Duration time) { clock.advance(time); }

    [[nodiscard]] std::vector<Record> current(PointNumber point = point_of(1, 0),
                                              SeriesNumber series = quarter_hours) const {
        return store.current(point, series);
    }
    [[nodiscard]] std::vector<Batch> batches_of(std::uint32_t panel) const {
        std::vector<Batch> found;
        for (const Batch& batch : store.batches) {
            if (batch.panel == PanelNumber{panel}) {
                found.push_back(batch);
            }
        }
        return found;
    }

    RecordPlan plan;
    VirtualClock clock;
    test::MemoryStore store;
    LiveValues live;
    std::unique_ptr<RecorderInbox> inbox;
    std::unique_ptr<Recorder> recorder;
    std::vector<PanelNumber> dead;

  private:
    Instant next_poll_{};
};

/// Fails the test unless every quarter-hour of the records is there once, the values follow each
/// other without a gap or an overlap, and their sum is what the registers at the ends say.
void expect_gapless(const std::vector<Record>& current);

}  // namespace metergate::record

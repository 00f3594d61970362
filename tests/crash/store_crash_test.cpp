#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>

#include "tests/crash/crash_states.hpp"

/// The store, cut off from its power at every step of everything it does.
namespace metergate::crash {
namespace {

using Operation = void (*)(CrashRun&);

/// A store that has recorded a while, closed.
void prepare(CrashRun& run) {
    run.open();
    run.number({"east", "west"});
    for (int i = 0; i < 4; ++i) {
        run.commit(run.collected(i));
    }
    record::Commit stop;
    stop.clean_stop = true;
    run.commit(stop);
    run.close();
}

void create(CrashRun& run) {
    run.open();
    run.number({"east", "west"});
    run.commit(run.collected(0));
}

void collect(CrashRun& run) {
    run.open();
    run.number({"east", "west"});
    for (int i = 4; i < 14; ++i) {
        run.commit(run.collected(i));
    }
}

void acknowledge(CrashRun& run) {
    run.open();
    for (int i = 4; i < 30; ++i) {
        record::Commit moves;
        moves.cursors = {{"head-end", BatchSeq{i / 2}}, {"billing", BatchSeq{i / 3}}};
        run.commit(moves);
    }
}

void change_settings(CrashRun& run) {
    run.open();
    run.number({"east", "west", "north"});
    run.commit(run.collected(5));
    run.number({"south", "east"});
    run.commit(run.collected(6));
}

void change_meters(CrashRun& run) {
    run.open();
    run.number({"east", "west"});
    run.change_out(0, "A-1");
    run.change_out(0, "A-2");
    run.commit(run.collected(7));
    run.change_out(1, "B-1");
}

void purge(CrashRun& run) {
    run.open();
    run.number({"east", "west"});
    run.clock.advance(std::chrono::days{1000});
    run.upkeep();
    run.commit(run.collected(8));
    run.upkeep();
}

/// A day is packed when it has closed, and again with a late revision.
void pack(CrashRun& run) {
    run.open();
    run.number({"east", "west"});
    run.clock.advance(std::chrono::days{2});
    run.pack_days();
    run.pack_days();
    run.commit(run.collected(3));
    run.pack_days();
}

/// The log is begun anew in place, and emptied by clean stops.
void checkpoint(CrashRun& run) {
    run.options.log_pages_max = 20;
    run.open();
    run.number({"east", "west"});
    for (int i = 4; i < 10; ++i) {
        record::Commit made = run.collected(i);
        made.clean_stop = i == 8;
        run.commit(made);
    }
}

struct Case {
    const char* name;
    Operation operation;
    std::uint64_t torn;      ///< random states at each step
    std::size_t states_min;  ///< fewer means that the enumeration has lost something
};

constexpr std::array cases{
    Case{"create", create, 40, 3000},
    Case{"collect", collect, 34, 5500},
    Case{"acknowledge", acknowledge, 60, 200},
    Case{"change_settings", change_settings, 50, 2000},
    Case{"change_meters", change_meters, 50, 1700},
    Case{"purge", purge, 50, 1400},
    Case{"pack", pack, 50, 1000},
    Case{"checkpoint", checkpoint, 44, 5000},
};

constexpr std::size_t migrate_states_min = 2000;
static_assert(std::accumulate(cases.begin(), cases.end(), migrate_states_min,
                              [](std::size_t sum, const Case& one) {
                                  return sum + one.states_min;
                              }) >= 20'000);

void expect_no_finding(const CrashReport& report, std::size_t states_min) {
    ::testing::Test::RecordProperty("states", static_cast<int>(report.states));
    std::printf("%zu crash states, %zu of them bad\n", report.states, report.bad);
    EXPECT_GE(report.states, states_min);
    for (const std::string& finding : report.findings) {
        ADD_FAILURE() << finding;
    }
    EXPECT_EQ(report.bad, 0U);
}

class StoreCrash : public ::testing::TestWithParam<Case> {};

TEST_P(StoreCrash, keeps_all_that_was_acknowledged_and_nothing_by_halves) {
    CrashRun run;
    const bool makes_it = GetParam().operation == create;
    if (!makes_it) {
        prepare(run);
    }
    run.begin_here();
    GetParam().operation(run);
    const CrashReport report =
        try_crash_states(run, {.may_be_made_anew = makes_it, .torn = GetParam().torn});
    expect_no_finding(report, GetParam().states_min);
}

INSTANTIATE_TEST_SUITE_P(Operations, StoreCrash, ::testing::ValuesIn(cases),
                         [](const auto& tested) { return std::string(tested.param.name); });

/// Before the new version is there, the copy of the old one is, whole.
std::optional<std::string> check_copy(VirtualDisk& disk, const std::string& dump_before) {
    const auto open = [&](const char* path) {
        return storage::Database::open(path, storage::Access::read_only, disk.as_disk());
    };
    auto store = open(store_path);
    const std::size_t version_before = storage::migrations().size();
    if (!store || store->pragma("user_version") == std::to_string(version_before)) {
        return std::nullopt;
    }
    const std::string path =
        std::string(store_path) + ".before-" + std::to_string(version_before + 1);
    auto copy = open(path.c_str());
    if (!copy) {
        return "the store is of the new version, but there is no copy of the old one";
    }
    if (rows_of(*copy) != dump_before) {
        return "the copy of the old version is not whole";
    }
    return std::nullopt;
}

TEST(StoreCrashMigrate, leaves_the_old_version_or_the_new_one_and_a_copy_of_the_old) {
    CrashRun run;
    prepare(run);
    const std::string dump_before = run.dump();
    run.begin_here();
    run.marks.clear();  // in every state the store is opened as the new version
    std::vector<std::string_view> steps(storage::migrations().begin(), storage::migrations().end());
    steps.emplace_back(
        "CREATE TABLE note(text TEXT NOT NULL) STRICT; INSERT INTO note SELECT id FROM point;"
        "CREATE INDEX event_by_kind ON event(kind, at)");
    run.options.schema = *storage::schema_of(steps);
    run.open();
    run.commit(run.collected(9));
    const CrashReport report = try_crash_states(
        run, {.torn = 48,
              .files_rule = [&](VirtualDisk& disk) { return check_copy(disk, dump_before); }});
    expect_no_finding(report, migrate_states_min);
}

TEST(StoreCrashControl, a_store_with_synchronous_normal_loses_what_was_acknowledged) {
    CrashRun run;
    prepare(run);
    run.begin_here();
    run.disk.postpone_log_syncs();
    collect(run);
    const CrashReport report = try_crash_states(run, {.torn = 2});
    EXPECT_GT(report.bad, report.states / 4) << report.states;
    ASSERT_FALSE(report.findings.empty());
    EXPECT_NE(report.findings[0].find("were acknowledged, it is as after"), std::string::npos)
        << report.findings[0];
}

}  // namespace
}  // namespace metergate::crash

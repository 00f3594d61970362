#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <atomic>
#include <future>
#include <optional>

#include "gateway/app/instance_lock.hpp"
#include "gateway/app/step_thread.hpp"
#include "tests/support/temp_dir.hpp"

namespace metergate::app {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(StepThread, steps_when_woken_although_nothing_is_due) {
    const SystemClock clock;
    std::atomic<int> steps{0};
    std::promise<void> first;
    std::promise<void> second;
    StepThread thread("test", clock,
                      {.step =
                           [&] {
                               const int count = ++steps;
                               if (count == 1) {
                                   first.set_value();
                               } else if (count == 2) {
                                   second.set_value();
                               }
                               return clock.now() + hours{1};
                           },
                       .readable_fd = {},
                       .finish = {}});
    thread.start();
    first.get_future().get();
    thread.wake();
    // A wait ends by itself after a second, so this returns either way; the wake makes it prompt.
    EXPECT_EQ(second.get_future().wait_for(seconds{10}), std::future_status::ready);
}

TEST(StepThread, ends_within_a_step_of_the_request_and_finishes_once) {
    const SystemClock clock;
    std::atomic<int> finished{0};
    std::optional<StepThread> thread;
    thread.emplace("test", clock,
                   Steps{.step = [&] { return clock.now() + hours{1}; },
                         .readable_fd = {},
                         .finish = [&] { ++finished; }});
    thread->start();
    const Instant before = clock.now();
    thread->request_stop();
    thread->join();
    EXPECT_LT(clock.now() - before, seconds{2});
    EXPECT_TRUE(thread->ended());
    thread.reset();
    EXPECT_EQ(finished, 1);
}

TEST(StepThread, oversleeps_by_microseconds_only) {
    const SystemClock clock;
    std::promise<int> slack_ns;
    std::atomic<bool> told{false};
    StepThread thread("test", clock,
                      {.step =
                           [&] {
                               if (!told.exchange(true)) {
                                   slack_ns.set_value(prctl(PR_GET_TIMERSLACK));
                               }
                               return clock.now() + hours{1};
                           },
                       .readable_fd = {},
                       .finish = {}});
    thread.start();
    EXPECT_EQ(slack_ns.get_future().get(), 1000);
}

TEST(StepThread, shows_when_it_last_stepped) {
    const SystemClock clock;
    std::promise<void> stepped;
    std::atomic<bool> told{false};
    StepThread thread("test", clock,
                      {.step =
                           [&] {
                               if (!told.exchange(true)) {
                                   stepped.set_value();
                               }
                               return clock.now() + hours{1};
                           },
                       .readable_fd = {},
                       .finish = {}});
    const Instant before = clock.now();
    thread.start();
    stepped.get_future().get();
    EXPECT_GE(thread.last_step(), before);
    EXPECT_LE(thread.last_step(), clock.now());
}

TEST(InstanceLock, is_held_by_one_at_a_time_and_names_the_holder) {
    const support::TempDir folder;
    auto first = InstanceLock::take(folder.file("lock"));
    ASSERT_TRUE(first) << first.error().text;
    const auto second = InstanceLock::take(folder.file("lock"));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().fault, Fault::busy);
    EXPECT_NE(second.error().text.find("process "), std::string::npos);
}

TEST(InstanceLock, is_free_again_when_the_holder_is_gone) {
    const support::TempDir folder;
    { const auto first = InstanceLock::take(folder.file("lock")); }
    EXPECT_TRUE(InstanceLock::take(folder.file("lock")));
}

TEST(InstanceLock, in_a_folder_that_is_not_there_is_refused_by_name) {
    const auto lock = InstanceLock::take("/nowhere/lock");
    ASSERT_FALSE(lock);
    EXPECT_NE(lock.error().text.find("/nowhere/lock"), std::string::npos);
}

}  // namespace
}  // namespace metergate::app

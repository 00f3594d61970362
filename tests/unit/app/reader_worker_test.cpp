#include "gateway/app/reader_worker.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include "storage/store.hpp"
#include "tests/support/temp_dir.hpp"

namespace metergate::app {
namespace {

using std::chrono::seconds;

Result<std::string> say_done(storage::SqliteHistory& history, const ReaderWorker::KeepGoing&) {
    const auto events = history.events(1'000'000, 10);
    return events ? Result<std::string>("done") : events.error();
}

Asker asker_into(std::promise<Result<std::string>>& promise) {
    return {[] { return true; },
            [&promise](Result<std::string> answer) { promise.set_value(std::move(answer)); }};
}

class ReaderWorkerTest : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(storage::SqliteStore::open(path, clock, {})); }

    SystemClock clock;
    support::TempDir dir;
    std::string path = dir.file("store");
};

TEST_F(ReaderWorkerTest, answers_from_its_own_thread) {
    ReaderWorker reader(clock, path);
    reader.start();
    std::promise<Result<std::string>> answer;
    reader.ask(asker_into(answer), say_done);
    auto future = answer.get_future();
    ASSERT_EQ(future.wait_for(seconds{20}), std::future_status::ready);
    const auto said = future.get();
    ASSERT_TRUE(said) << said.error().text;
    EXPECT_EQ(*said, "done");
}

TEST_F(ReaderWorkerTest, says_busy_when_too_many_wait_and_forgets_none_of_the_others) {
    ReaderWorker reader(clock, path);
    std::atomic<int> answered{0};
    int busy = 0;
    for (int i = 0; i < 40; ++i) {
        reader.ask({[] { return true; },
                    [&](const Result<std::string>& answer) {
                        if (!answer) {
                            EXPECT_EQ(answer.error().fault, Fault::busy);
                            ++busy;
                        } else {
                            ++answered;
                        }
                    }},
                   say_done);
    }
    EXPECT_EQ(busy, 8);
    reader.start();
    const Instant limit = clock.now() + seconds{20};
    while (answered < 32 && clock.now() < limit) {
        std::this_thread::yield();
    }
    EXPECT_EQ(answered, 32);
}

TEST_F(ReaderWorkerTest, does_not_read_for_callers_that_have_gone) {
    ReaderWorker reader(clock, path);
    std::atomic<bool> read{false};
    reader.ask({[] { return false; }, [](const Result<std::string>&) {}},
               [&](storage::SqliteHistory&, const ReaderWorker::KeepGoing&) {
                   read = true;
                   return Result<std::string>("");
               });
    std::promise<Result<std::string>> next;
    reader.ask(asker_into(next), say_done);
    reader.start();
    EXPECT_EQ(next.get_future().wait_for(seconds{20}), std::future_status::ready);
    EXPECT_FALSE(read);
}

TEST_F(ReaderWorkerTest, a_long_read_is_told_when_its_time_is_up_or_its_caller_has_gone) {
    ReaderWorker reader(clock, path);
    reader.start();
    const auto read_while_it_may = [](storage::SqliteHistory&,
                                      const ReaderWorker::KeepGoing& keep_going) {
        while (keep_going()) {
            std::this_thread::yield();
        }
        return Result<std::string>("stopped");
    };
    std::promise<Result<std::string>> slow;
    reader.ask(asker_into(slow), read_while_it_may);
    EXPECT_EQ(slow.get_future().wait_for(seconds{20}), std::future_status::ready);
    std::atomic<int> asked{0};
    std::promise<Result<std::string>> gone;
    Asker leaving = asker_into(gone);
    leaving.wanted = [&] { return ++asked < 3; };
    const Instant before = clock.now();
    reader.ask(leaving, read_while_it_may);
    EXPECT_EQ(gone.get_future().wait_for(seconds{20}), std::future_status::ready);
    EXPECT_LT(clock.now() - before, seconds{10});
}

TEST_F(ReaderWorkerTest, a_missing_store_is_an_answer_too) {
    ReaderWorker reader(clock, dir.file("nowhere"));
    reader.start();
    std::promise<Result<std::string>> answer;
    reader.ask(asker_into(answer), say_done);
    auto future = answer.get_future();
    ASSERT_EQ(future.wait_for(seconds{20}), std::future_status::ready);
    EXPECT_FALSE(future.get());
}

}  // namespace
}  // namespace metergate::app

#include "gateway/app/reader_worker.hpp"

#include <sys/resource.h>

#include <utility>

namespace metergate::app {
namespace {

/// As many as there may be callers: one question each.
constexpr std::size_t questions_max = 32;
/// Of one answer. A long read transaction would also keep the store's log from being shortened.
constexpr Duration time_limit = std::chrono::milliseconds{250};
/// Behind lines, recorder and destinations where one processor must do for all.
constexpr int niceness = 10;

}  // namespace

ReaderWorker::ReaderWorker(const Clock& clock, std::string store_path)
    : clock_(&clock),
      store_path_(std::move(store_path)),
      questions_(questions_max, WhenFull::never_drop),
      thread_("reader", clock,
              {.step = [this] { return step(); }, .readable_fd = {}, .finish = {}}) {
    questions_.on_push([this] { thread_.wake(); });
}

void ReaderWorker::ask(Asker asker, Read read) {
    if (questions_.size() >= questions_max) {
        asker.answer(Error{Fault::busy, "too many questions wait already: ask again in a moment"});
        return;
    }
    questions_.push(clock_->now(), {std::move(asker), std::move(read)});
}

/// One question at a time, so that a stop request is heeded between two.
Instant ReaderWorker::step() {
    if (!std::exchange(yielding_, true)) {
        // On Linux this is the calling thread's. Without it everything works, only less politely.
        static_cast<void>(::setpriority(PRIO_PROCESS, 0, niceness));
    }
    if (const auto question = questions_.pop(clock_->now())) {
        if (question->asker.wanted()) {
            answer(*question);
        }
    }
    return questions_.next_at();
}

void ReaderWorker::answer(const Question& question) {
    const auto reader = history();
    if (!reader) {
        question.asker.answer(reader.error());
        return;
    }
    const Instant deadline = clock_->now() + time_limit;
    question.asker.answer(question.read(**reader, [this, deadline, &question] {
        return clock_->now() < deadline && question.asker.wanted();
    }));
}

Result<storage::SqliteHistory*> ReaderWorker::history() {
    if (!history_) {
        auto opened = storage::SqliteHistory::open(store_path_);
        if (!opened) {
            return opened.error();
        }
        history_ = std::move(*opened);
    }
    return history_.get();
}

}  // namespace metergate::app

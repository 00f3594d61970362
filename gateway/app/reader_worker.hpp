#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "gateway/app/step_thread.hpp"
#include "gateway/model/queue.hpp"
#include "gateway/model/result.hpp"
#include "storage/history.hpp"

namespace metergate::app {

/// Who asks, from another thread. `answer` runs on the reader's thread, once, with JSON text.
struct Asker {
    std::function<bool()> wanted;  ///< false once nobody waits for the answer; any thread
    std::function<void(Result<std::string>)> answer;
};

/// Reads what people ask of the store, on a thread of its own with a connection that never writes:
/// however much they ask, the recorder and the lines do not notice.
class ReaderWorker {
  public:
    /// Opens the store with the first question.
    ReaderWorker(const Clock& clock, std::string store_path);

    void start() { thread_.start(); }
    [[nodiscard]] StepThread& thread() { return thread_; }

    /// Whether there is time left for this question and somebody still wants the answer. What takes
    /// long asks between its parts and stops with what it has.
    using KeepGoing = std::function<bool()>;
    using Read = std::function<Result<std::string>(storage::SqliteHistory&, const KeepGoing&)>;
    /// Answers with what `read` returns; with `busy`, at once and on the caller's thread, when too
    /// many wait already. What is not wanted any more is not read. One thread: the main thread.
    void ask(Asker asker, Read read);

  private:
    struct Question {
        Asker asker;
        Read read;
    };

    Instant step();
    void answer(const Question& question);
    [[nodiscard]] Result<storage::SqliteHistory*> history();

    const Clock* clock_;
    std::string store_path_;
    std::unique_ptr<storage::SqliteHistory> history_;
    // ask() refuses what would be too many, so nothing is dropped.
    Queue<Question> questions_;
    bool yielding_ = false;  ///< the thread runs at its low priority
    StepThread thread_;
};

}  // namespace metergate::app

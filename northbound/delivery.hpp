#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gateway/model/clock.hpp"
#include "gateway/model/event.hpp"
#include "gateway/model/queue.hpp"
#include "gateway/record/directory.hpp"
#include "gateway/record/live_values.hpp"
#include "gateway/record/store.hpp"
#include "northbound/backoff.hpp"
#include "northbound/batch_lane.hpp"
#include "northbound/delivery_options.hpp"
#include "northbound/live_lane.hpp"
#include "northbound/publisher.hpp"
#include "northbound/receipt_book.hpp"
#include "northbound/request_lane.hpp"
#include "northbound/token_bucket.hpp"

namespace metergate::northbound {

/// How a destination is doing, for people.
struct DeliveryStatus {
    enum class State : std::uint8_t {
        connecting,  ///< the connection is being made
        connected,
        waiting,  ///< no connection; the next try is at a later moment
        paused,   ///< connected, but the same batch is refused again and again: a person is needed
        stopped,
    };
    Id destination;
    State state = State::waiting;
    std::optional<BatchSeq> cursor;  ///< all up to here is acknowledged; nothing: not yet started
    std::int64_t backlog = 0;        ///< batches still to go, at most
    std::uint64_t acknowledged = 0;  ///< batches since the start
    std::uint64_t acknowledged_last_min = 0;  ///< in the last whole minute
    std::optional<UtcTime> last_success;      ///< of a batch
    std::string last_error;                   ///< one plain sentence; empty if all is well
    std::uint64_t resent = 0;                 ///< batches sent again on request, since the start
    std::vector<ReceiverStatus> receivers;    ///< those that have sent receipts
    std::string receivers_problem;            ///< why receivers are not heard; empty if they are
};
/// "connecting", "connected", "waiting", "paused", "stopped".
[[nodiscard]] std::string_view name_of(DeliveryStatus::State state);

/// How long it took until a test message was taken, or why it was not.
using TestAnswer = std::function<void(Result<std::chrono::milliseconds>)>;

/// Brings everything to one destination: batches at least once and oldest first, live values beside
/// them, meta and status; hears what receivers ask for and confirm. Keeps cursors and nothing else.
/// Stepped; one thread, except where noted.
class Delivery {
  public:
    /// What a delivery works with; all of it outlives the delivery.
    struct Parts {
        const Clock& clock;
        record::BatchSource& batches;
        record::CursorStore& cursors;
        Publisher& publisher;
        const record::LiveValues& live_values;
        /// Takes destination-lost, -back and -paused, and subscription-refused.
        std::function<void(Event)> report;
    };
    /// What is known of the destination from earlier runs.
    struct Stored {
        std::optional<BatchSeq> cursor;         ///< what CursorStore::load said
        std::vector<record::Receipt> receipts;  ///< what CursorStore::load_receipts said
    };

    Delivery(DeliveryOptions options, record::Directory directory, Parts parts, Stored stored);

    /// Does what is due and returns when it wants to be called next. To be called earlier when the
    /// publisher has news or after batch_stored().
    [[nodiscard]] Instant step();

    /// Says that all batches up to `newest` are in the store. Any thread; step() is due after it.
    /// A delivery that has caught up asks the store only then, and once in a while to be safe.
    void batch_stored(BatchSeq newest);

    /// Begins to stop: says goodbye, moves the cursor, disconnects. stopped() follows within 2 s of
    /// steps.
    void stop();
    [[nodiscard]] bool stopped() const { return phase_ == Phase::stopped; }

    /// Takes the names and points as they are now. Meta that reads otherwise is published, and the
    /// retained values of points that are gone are cleared; the connection stays. Any thread.
    void describe(record::Directory directory);

    /// Takes an event to be told at once on the topic `event`. Any thread. Bounded: of too many the
    /// oldest go, as all do while there is no connection; the batches carry every event anyway.
    void tell(const Event& event) { events_.push(parts_.clock.now(), event); }

    /// Sends a message marked as a test over the same way as batches, at once also if the delivery
    /// waits before it tries again; what was refused before is then tried again too. Any thread;
    /// `answer` is called once, inside step(). At most 8 wait: busy, on the caller's thread.
    void test(TestAnswer answer);

    /// Any thread.
    [[nodiscard]] DeliveryStatus status() const;

  private:
    enum class Phase : std::uint8_t { waiting, connecting, up, stopped };
    /// The kind of a message is in the low bits of its token.
    enum class Lane : Token { batch = 0, control = 1, live = 2, requested = 3, subscription = 4 };

    void look(Instant now);
    void take_directory(Instant now);
    void take_outcomes(Instant now);
    void take_outcome(const PublishOutcome& outcome, Instant now);
    void take_batch_outcome(const PublishOutcome& outcome, Instant now);
    void take_control(const PublishOutcome& outcome);
    void take_subscription(const PublishOutcome& outcome);
    void subscribe(Instant now);
    void hear(Instant now);
    [[nodiscard]] Message encoded(Batch batch) const;
    void follow_link(Instant now);
    void connect(Instant now);
    void connected(Instant now);
    void connection_lost(Instant now, Error why);
    void proved_to_work();
    void watch(Instant now);

    void take_tests(Instant now);
    void send_test(Instant now, TestAnswer answer);
    void take_test(const PublishOutcome& outcome, Instant now);
    void fail_tests(const Error& why);

    void announce_status(Instant now, bool online);
    void send_meta(Instant now);
    std::optional<Token> send_control(Instant now, const Message& message);
    void send_batches(Instant now);
    void send_live(Instant now);
    void send_events(Instant now);
    [[nodiscard]] Message will();
    [[nodiscard]] std::string status_payload(bool online, std::string_view reason, UtcTime at);
    [[nodiscard]] Token next_token(Lane lane);

    void heed(BatchLane::News news);
    void report(EventKind kind, const std::string& text, std::optional<UtcTime> began = {});
    void move_cursor(Instant now, bool at_once);
    void finish_stop(Instant now);
    void note_status(Instant now);
    [[nodiscard]] Instant oldest_unanswered() const;
    [[nodiscard]] Instant next_step(Instant now) const;

    const DeliveryOptions options_;
    record::Directory directory_;
    Parts parts_;
    std::string meta_;
    std::string meta_version_;
    TokenBucket rate_;  ///< of all batches
    BatchLane batches_;
    RequestLane requests_;
    ReceiptBook receipts_;
    LiveLane live_;
    Queue<Event> events_;
    // As rare as a person's changes of the settings.
    Queue<record::Directory> directories_{8, WhenFull::never_drop};
    Backoff backoff_;

    Phase phase_ = Phase::waiting;
    Instant phase_since_{};
    Instant connect_at_{};
    Token last_token_ = 0;
    std::map<Token, Instant> controls_;  ///< meta, status, answers, subscriptions under way
    Queue<TestAnswer> tests_{8, WhenFull::never_drop};
    std::vector<TestAnswer> tests_waiting_;  ///< for a connection
    std::map<Token, TestAnswer> tests_in_flight_;
    bool meta_due_ = false;
    Instant meta_at_{};  ///< not before
    std::optional<Token> meta_in_flight_;
    std::size_t live_in_flight_ = 0;
    Instant status_at_{};
    bool control_acknowledged_ = false;  ///< on this connection
    bool proved_ = false;                ///< this connection has carried something
    std::optional<UtcTime> lost_since_;  ///< set: the loss is reported, the return is not
    std::string link_error_;
    std::string receivers_problem_;

    std::optional<BatchSeq> moved_;  ///< the cursor as given to the store
    Instant move_at_{};
    std::optional<Instant> stop_by_;

    Instant look_at_{};  ///< when to ask the store for its newest batch, told of one or not
    Instant rate_at_{};
    std::atomic<std::int64_t> newest_ = 0;  ///< of the batches in the store, as far as known
    std::uint64_t counted_ = 0;
    mutable std::mutex status_mutex_;
    DeliveryStatus status_;  ///< guarded by status_mutex_
};

}  // namespace metergate::northbound

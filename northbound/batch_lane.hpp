#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "gateway/record/store.hpp"
#include "northbound/backoff.hpp"
#include "northbound/delivery_options.hpp"
#include "northbound/publisher.hpp"
#include "northbound/token_bucket.hpp"

namespace metergate::northbound {

/// The batches of one destination, oldest first: which are read, in flight, acknowledged, refused.
/// The cursor only ever moves over batches that were acknowledged without a hole. Nothing is
/// skipped: a refused batch is sent again until it is taken.
class BatchLane {
  public:
    using Encode = std::function<Message(Batch)>;
    enum class News : std::uint8_t { none, paused, resumed };

    /// `rate` is shared with whatever else sends batches.
    BatchLane(const DeliveryOptions& options, record::BatchSource& source, TokenBucket& rate,
              Encode encode, std::optional<BatchSeq> stored_cursor);

    /// Finds the starting position of a new destination; tries again later if the store cannot
    /// tell.
    void find_start(Instant now);
    /// Forgets what is in flight: all after the cursor will be sent again.
    void connection_lost();
    /// A connection is new: a paused lane may try at once.
    void connection_opened(Instant now);

    /// How many batches may be in flight, this lane's and others'.
    [[nodiscard]] std::size_t window_of(const Publisher& publisher) const;
    /// Sends while window, rate and source allow; the source holds batches up to `newest`, as far
    /// as known. `window` is this lane's part of it, >= 1. `next_token` gives a fresh one.
    News send(Instant now, BatchSeq newest, std::size_t window, Publisher& publisher,
              const std::function<Token()>& next_token);
    /// Books one outcome; those of forgotten messages are ignored.
    News take(const PublishOutcome& outcome, Instant now);

    [[nodiscard]] const std::optional<BatchSeq>& cursor() const { return cursor_; }
    [[nodiscard]] bool paused() const { return paused_; }
    /// Nothing in flight and, when last looked, nothing to send.
    [[nodiscard]] bool idle() const { return caught_up_ && flights_.empty(); }
    [[nodiscard]] bool in_flight() const { return !flights_.empty(); }
    /// When the oldest unanswered batch was sent; `never` if there is none.
    [[nodiscard]] Instant waiting_since() const;
    [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
    /// What went wrong last, for people; empty if nothing did since the last success.
    [[nodiscard]] const std::string& last_error() const { return last_error_; }
    /// When send() wants to be called again, apart from acknowledgements and new batches.
    [[nodiscard]] Instant next_at() const;

  private:
    struct Flight {
        BatchSeq seq{};
        Token token = 0;
        Instant sent;
        bool acknowledged = false;
    };

    bool read_more(Instant now);
    [[nodiscard]] Result<std::optional<BatchSeq>> look_for_start();
    News acknowledge(Flight& flight);
    News refuse(BatchSeq seq, const PublishOutcome& outcome, Instant now);

    const DeliveryOptions options_;
    record::BatchSource& source_;
    Encode encode_;
    TokenBucket& rate_;
    Backoff backoff_;

    std::optional<BatchSeq> cursor_;
    BatchSeq scanned_{};          ///< while looking for the batch that starts after a time
    BatchSeq read_through_{};     ///< how far batches were read from the source
    std::deque<Batch> page_;      ///< read, not sent; at most one window
    std::deque<Flight> flights_;  ///< sent, in order; at most one window
    Instant not_before_{};        ///< after a refusal or a failed read
    bool caught_up_ = false;
    bool waits_for_rate_ = false;

    std::optional<BatchSeq> refused_;  ///< sent one by one until this one is taken
    unsigned refusals_ = 0;            ///< of `refused_`, in a row
    bool paused_ = false;

    std::uint64_t acknowledged_ = 0;
    std::string last_error_;
};

}  // namespace metergate::northbound

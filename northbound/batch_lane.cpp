#include "northbound/batch_lane.hpp"

#include <algorithm>
#include <utility>

namespace metergate::northbound {
namespace {

constexpr unsigned refusals_before_pause = 3;
constexpr Duration probe_period = std::chrono::minutes{5};
constexpr Duration quota_wait = std::chrono::seconds{60};
constexpr Duration store_retry = std::chrono::seconds{1};
constexpr std::size_t scan_page = 200;
/// Room in the broker's limit for meta and status messages.
constexpr std::size_t beside_batches = 4;

PublishOutcome too_large(const Message& message, std::size_t size_max) {
    return {0, Error{Fault::refused,
                     message.topic + ": the batch has " + std::to_string(message.payload.size()) +
                         " bytes, the broker takes at most " + std::to_string(size_max)}};
}

}  // namespace

BatchLane::BatchLane(const DeliveryOptions& options, record::BatchSource& source, TokenBucket& rate,
                     Encode encode, std::optional<BatchSeq> stored_cursor)
    : options_(options),
      source_(source),
      encode_(std::move(encode)),
      rate_(rate),
      backoff_(options.seed + 1),
      cursor_(stored_cursor),
      read_through_(stored_cursor.value_or(BatchSeq{})) {}

void BatchLane::find_start(Instant now) {
    if (cursor_ || now < not_before_) {
        return;
    }
    const auto found = look_for_start();
    if (!found) {
        last_error_ = found.error().within("looking for where to start").text;
        not_before_ = now + store_retry;
        return;
    }
    if (*found) {
        cursor_ = **found;
        read_through_ = *cursor_;
    }
}

/// Nothing in the result: not found yet, more to be scanned.
Result<std::optional<BatchSeq>> BatchLane::look_for_start() {
    if (options_.start.kind == StartAt::Kind::oldest) {
        return std::optional{BatchSeq{0}};
    }
    if (options_.start.kind == StartAt::Kind::now) {
        const auto newest = source_.newest();
        if (!newest) {
            return newest.error();
        }
        return std::optional{*newest};
    }
    const auto page = source_.after(scanned_, scan_page);
    if (!page) {
        return page.error();
    }
    for (const Batch& batch : page->batches) {
        if (batch.end > options_.start.time) {
            return std::optional{scanned_};
        }
        scanned_ = batch.seq;
    }
    if (page->batches.size() < scan_page) {
        return std::optional{scanned_};
    }
    return std::optional<BatchSeq>{};
}

void BatchLane::connection_lost() {
    flights_.clear();
    page_.clear();
    caught_up_ = false;
    waits_for_rate_ = false;
    read_through_ = cursor_.value_or(BatchSeq{});
}

void BatchLane::connection_opened(Instant now) {
    not_before_ = std::min(not_before_, now);
}

BatchLane::News BatchLane::send(Instant now, BatchSeq newest, std::size_t window,
                                Publisher& publisher, const std::function<Token()>& next_token) {
    waits_for_rate_ = false;
    if (refusals_ > 0) {
        window = 1;
    }
    while (cursor_ && now >= not_before_ && flights_.size() < window) {
        const bool nothing_new = caught_up_ && newest <= read_through_;
        if (page_.empty() && (nothing_new || !read_more(now))) {
            break;
        }
        if (rate_.ready_at() > now) {
            waits_for_rate_ = true;
            break;
        }
        const BatchSeq seq = page_.front().seq;
        const Message message = encode_(page_.front());
        const Token token = next_token();
        if (message.payload.size() > publisher.payload_size_max()) {
            return refuse(seq, too_large(message, publisher.payload_size_max()), now);
        }
        const auto handed_over = publisher.publish(message, token);
        if (!handed_over) {
            break;
        }
        rate_.take(now);
        flights_.push_back({seq, token, now});
        page_.pop_front();
    }
    return News::none;
}

/// More than the broker takes at once would wait inside the library, which is slow to send the
/// rest.
std::size_t BatchLane::window_of(const Publisher& publisher) const {
    const std::size_t broker = publisher.in_flight_max();
    const std::size_t left = broker > beside_batches ? broker - beside_batches : 1;
    return std::min(options_.window, left);
}

bool BatchLane::read_more(Instant now) {
    auto page = source_.after(read_through_, options_.window);
    if (!page) {
        last_error_ = page.error().within("reading the store").text;
        not_before_ = now + store_retry;
        return false;
    }
    read_through_ = std::max(read_through_, page->through);
    for (Batch& batch : page->batches) {
        page_.push_back(std::move(batch));
    }
    caught_up_ = page_.empty();
    if (caught_up_ && flights_.empty()) {
        cursor_ = read_through_;
    }
    return !page_.empty();
}

BatchLane::News BatchLane::take(const PublishOutcome& outcome, Instant now) {
    const auto flight = std::find_if(flights_.begin(), flights_.end(), [&](const Flight& entry) {
        return entry.token == outcome.token;
    });
    if (flight == flights_.end()) {
        return News::none;
    }
    if (!outcome.error) {
        return acknowledge(*flight);
    }
    if (outcome.error->fault == Fault::refused) {
        return refuse(flight->seq, outcome, now);
    }
    last_error_ = outcome.error->text;
    connection_lost();
    return News::none;
}

BatchLane::News BatchLane::acknowledge(Flight& flight) {
    flight.acknowledged = true;
    ++acknowledged_;
    last_error_.clear();
    while (!flights_.empty() && flights_.front().acknowledged) {
        cursor_ = flights_.front().seq;
        flights_.pop_front();
    }
    if (!refused_ || *cursor_ < *refused_) {
        return News::none;
    }
    refused_.reset();
    refusals_ = 0;
    backoff_.reset();
    return std::exchange(paused_, false) ? News::resumed : News::none;
}

BatchLane::News BatchLane::refuse(BatchSeq seq, const PublishOutcome& outcome, Instant now) {
    refusals_ = refused_ == seq ? refusals_ + 1 : 1;
    refused_ = seq;
    last_error_ = outcome.error->text;
    connection_lost();
    const bool pauses = refusals_ >= refusals_before_pause && !paused_;
    paused_ = paused_ || pauses;
    const Duration wait = paused_              ? probe_period
                          : outcome.over_quota ? quota_wait
                                               : backoff_.next();
    not_before_ = now + wait;
    return pauses ? News::paused : News::none;
}

Instant BatchLane::waiting_since() const {
    for (const Flight& flight : flights_) {
        if (!flight.acknowledged) {
            return flight.sent;
        }
    }
    return never;
}

Instant BatchLane::next_at() const {
    if (waits_for_rate_) {
        return rate_.ready_at();
    }
    return flights_.empty() ? not_before_ : never;
}

}  // namespace metergate::northbound

#include "northbound/receiver/receiver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "northbound/native_encoder.hpp"

namespace metergate::northbound::receiver {
namespace {

constexpr Duration connect_timeout = std::chrono::seconds{30};
constexpr Duration ack_timeout = std::chrono::seconds{30};
constexpr Duration connecting_poll = std::chrono::milliseconds{50};
constexpr Duration confirm_period = std::chrono::seconds{1};
constexpr Duration repeat_period = std::chrono::hours{1};
constexpr Duration store_retry = std::chrono::seconds{5};
constexpr Duration look_period = std::chrono::seconds{1};
constexpr std::array<std::string_view, 4> leaves{"batch/+", "meta", "status", "response/+"};

}  // namespace

Receiver::Receiver(ReceiverOptions options, Parts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      backoff_(options_.seed),
      asker_(options_.name, options_.seed) {}

Result<void> Receiver::resume() {
    const auto held = parts_.store.held();
    const auto purged = parts_.store.purged();
    if (!held || !purged) {
        return held ? purged.error() : held.error();
    }
    for (const record::HeldRun& run : *held) {
        book_of({run.epoch, run.panel}).keep(run.from, run.to);
    }
    for (const record::PurgedRun& run : *purged) {
        book_of({run.epoch, run.panel}).purged_through(run.through);
    }
    return {};
}

Instant Receiver::step() {
    const Instant now = parts_.clock.now();
    take_outcomes(now);
    follow_link(now);
    take_incoming(now);
    keep(now);
    if (phase_ == Phase::up) {
        ask(now);
        confirm(now);
        if (const Instant oldest = oldest_unanswered();
            oldest != never && now - oldest >= ack_timeout) {
            lost(now, {Fault::timeout, "the broker does not answer"});
        }
    }
    const Instant soon = phase_ == Phase::connecting ? now + connecting_poll : now + look_period;
    return phase_ == Phase::waiting ? std::min(soon, std::max(connect_at_, now)) : soon;
}

// ---- the connection -----------------------------------------------------------------------------

void Receiver::follow_link(Instant now) {
    const LinkState link = parts_.publisher.state();
    if (phase_ == Phase::waiting) {
        if (now >= connect_at_) {
            phase_ = Phase::connecting;
            phase_since_ = now;
            (void)parts_.publisher.take_fault();
            parts_.publisher.connect({});
        }
    } else if (link == LinkState::closed) {
        lost(now, parts_.publisher.take_fault().value_or(
                      Error{Fault::disconnected, "the connection was lost"}));
    } else if (phase_ == Phase::connecting && link == LinkState::open) {
        opened(now);
    } else if (phase_ == Phase::connecting && now - phase_since_ >= connect_timeout) {
        lost(now, {Fault::timeout, "no connection within 30 s"});
    }
}

void Receiver::opened(Instant now) {
    phase_ = Phase::up;
    phase_since_ = now;
    status_heard_ = false;
    confirmed_.clear();
    confirm_at_ = now;
    repeat_at_ = now + repeat_period;
    for (const std::string_view leaf : leaves) {
        const Token token = ++last_token_;
        if (parts_.publisher.subscribe(gateway_topic(options_.gateway, leaf), token)) {
            subscriptions_.emplace(token, now);
        }
    }
}

void Receiver::lost(Instant now, const Error& why) {
    parts_.publisher.disconnect();
    subscriptions_.clear();
    messages_.clear();
    asker_.connection_lost();
    status_heard_ = false;
    phase_ = Phase::waiting;
    connect_at_ = now + backoff_.next();
    if (!std::exchange(lost_told_, true)) {
        parts_.warn("no connection: " + why.text);
    }
}

void Receiver::take_outcomes(Instant now) {
    for (const PublishOutcome& outcome : parts_.publisher.take_outcomes()) {
        messages_.erase(outcome.token);
        for (auto& [key, confirmation] : confirmed_) {
            confirmation.acknowledged = confirmation.acknowledged ||
                                        (confirmation.token == outcome.token && !outcome.error);
        }
        const bool subscription = subscriptions_.erase(outcome.token) > 0;
        const bool refused = outcome.error && outcome.error->fault == Fault::refused;
        if (refused && !subscription) {
            heed_refusal(outcome.error->text);
        } else if (outcome.error) {
            lost(now, *outcome.error);  // without one of its topics a receiver is none
            return;
        }
        if (subscription && subscriptions_.empty()) {
            backoff_.reset();
            lost_told_ = false;
            parts_.say("connected; listening to gateway " + options_.gateway);
        }
    }
}

/// It can still keep what comes, if not ask and confirm.
void Receiver::heed_refusal(const std::string& text) {
    if (refusal_told_ != text) {
        refusal_told_ = text;
        parts_.warn("requests or receipts are not taken: " + text);
    }
}

Instant Receiver::oldest_unanswered() const {
    Instant oldest = never;
    for (const auto* waiting : {&subscriptions_, &messages_}) {
        for (const auto& [token, sent] : *waiting) {
            oldest = std::min(oldest, sent);
        }
    }
    return oldest;
}

// ---- what comes ---------------------------------------------------------------------------------

void Receiver::take_incoming(Instant now) {
    const std::string prefix = gateway_topic(options_.gateway, "");
    for (const Incoming& incoming : parts_.publisher.take_incoming()) {
        if (incoming.topic.starts_with(prefix)) {
            take_one(incoming, std::string_view(incoming.topic).substr(prefix.size()));
        }
    }
    for (const record::ReceivedBatch& batch : arrivals_.batches) {
        asker_.heard_of({batch.epoch, batch.panel}, batch.number, now);
        // A batch of an epoch never seen is the first sign of a new store.
        if (!epochs_.contains(batch.panel) || !books_.contains({batch.epoch, batch.panel})) {
            epochs_[batch.panel] = batch.epoch;
        }
    }
    for (const PanelReach& reach : std::exchange(reaches_, {})) {
        const PanelKey key{reach.epoch, reach.panel};
        epochs_[reach.panel] = reach.epoch;
        if (book_of(key).exists_through(reach.newest)) {
            asker_.heard_of(key, reach.newest, now);
        }
        if (reach.oldest > 1 && book_of(key).purged_through(reach.oldest - 1)) {
            arrivals_.purged.push_back({reach.epoch, reach.panel, reach.oldest - 1});
        }
    }
}

void Receiver::take_one(const Incoming& incoming, std::string_view leaf) {
    if (leaf.starts_with("batch/")) {
        take_batch(incoming);
    } else if (leaf == "meta") {
        arrivals_.meta = incoming.payload;
    } else if (leaf == "status") {
        take_status(incoming.payload);
    } else if (leaf.starts_with("response/")) {
        if (auto response = parse_response(incoming.payload)) {
            responses_.push_back(std::move(*response));
        }
    }
}

void Receiver::take_batch(const Incoming& incoming) {
    auto batch = parse_batch(incoming.payload, options_.gateway);
    if (batch && !incoming.topic.ends_with("/" + batch->panel)) {
        batch = Error{Fault::damaged, "panel is another one than the topic's"};
    }
    if (batch) {
        arrivals_.batches.push_back(std::move(*batch));
    } else {
        ++counts_.unreadable;
        parts_.warn(incoming.topic + ": unreadable: " + batch.error().text);
    }
}

void Receiver::take_status(const std::string& payload) {
    auto status = parse_status(payload);
    if (!status) {
        parts_.warn("status: unreadable: " + status.error().text);
        return;
    }
    arrivals_.status = payload;
    status_heard_ = true;
    gateway_online_ = status->online;
    reaches_ = std::move(status->panels);
}

/// What cannot be kept is let go: it is missing then, and asked for when the store works again.
void Receiver::keep(Instant now) {
    if (!arrivals_.empty()) {
        const auto receptions = parts_.store.put(arrivals_);
        if (receptions) {
            book(*receptions);
        } else {
            parts_.warn("not kept: " + receptions.error().text);
            store_again_at_ = now + store_retry;
        }
        arrivals_ = {};
    }
    for (const DataResponse& response : std::exchange(responses_, {})) {
        answer(response, now);
    }
}

void Receiver::book(const std::vector<record::Reception>& receptions) {
    for (std::size_t i = 0; i < receptions.size(); ++i) {
        const record::ReceivedBatch& batch = arrivals_.batches[i];
        book_of({batch.epoch, batch.panel}).keep(batch.number, batch.number);
        counts_.received += receptions[i] == record::Reception::added ? 1U : 0U;
        counts_.doubled += receptions[i] == record::Reception::repeated ? 1U : 0U;
        if (receptions[i] == record::Reception::changed) {
            ++counts_.changed;
            parts_.warn(
                fmt::format("batch {} of panel {} came with OTHER CONTENT than before; the "
                            "first is kept, this one is put aside",
                            batch.number, batch.panel));
        }
    }
}

void Receiver::answer(const DataResponse& response, Instant now) {
    const auto key = asker_.asked_by(response.id);
    if (!key) {
        return;  // another receiver's, or too late
    }
    PanelBook& book = book_of(*key);
    if (!response.error.empty()) {
        parts_.warn("panel " + key->second +
                    ": the gateway does not send again: " + response.error);
    } else if (const auto gone = std::min(response.purged_through, book.newest());
               book.purged_through(gone)) {
        arrivals_.purged.push_back({key->first, key->second, gone});
    }
    asker_.answered(*key, book, response.error.empty(), now);
}

// ---- what is said -------------------------------------------------------------------------------

bool Receiver::is_current(const PanelKey& key) const {
    const auto epoch = epochs_.find(key.second);
    return epoch != epochs_.end() && epoch->second == key.first;
}

void Receiver::ask(Instant now) {
    if (!subscriptions_.empty() || !gateway_online_ || now < store_again_at_) {
        return;
    }
    for (const auto& [key, book] : books_) {
        if (!is_current(key)) {
            continue;
        }
        const auto request = asker_.next(key, book, now);
        if (!request) {
            continue;
        }
        const Token token = ++last_token_;
        if (parts_.publisher.publish(
                {gateway_topic(options_.gateway, "request"), encode_request(*request)}, token)) {
            messages_.emplace(token, now);
        }
    }
}

/// Only what a finished transaction holds is confirmed.
void Receiver::confirm(Instant now) {
    if (!subscriptions_.empty() || !status_heard_ || now < confirm_at_) {
        return;
    }
    confirm_at_ = now + confirm_period;
    if (now >= repeat_at_) {
        confirmed_.clear();  // said again, as a sign of life
        repeat_at_ = now + repeat_period;
    }
    for (const auto& [key, book] : books_) {
        const std::uint64_t through = book.through();
        const auto said = confirmed_.find(key);
        if (!is_current(key) || book.newest() == 0 ||
            (said != confirmed_.end() && said->second.through == through)) {
            continue;
        }
        const ReceiptMessage receipt{options_.name, key.second, key.first, through};
        const Token token = ++last_token_;
        if (parts_.publisher.publish(
                {gateway_topic(options_.gateway, "receipt"), encode_receipt(receipt)}, token)) {
            messages_.emplace(token, now);
            confirmed_[key] = {through, token, false};
        }
    }
}

ReceiverSummary Receiver::summary() const {
    ReceiverSummary all = counts_;
    for (const auto& [key, book] : books_) {
        all.missing += book.missing();
        all.purged += book.purged();
    }
    return all;
}

bool Receiver::complete() const {
    if (phase_ != Phase::up || !status_heard_ || !messages_.empty()) {
        return false;
    }
    return std::all_of(books_.begin(), books_.end(), [&](const auto& entry) {
        const auto& [key, book] = entry;
        const auto said = confirmed_.find(key);
        return !is_current(key) || book.newest() == 0 ||
               (book.missing() == 0 && said != confirmed_.end() &&
                said->second.through == book.newest() && said->second.acknowledged);
    });
}

}  // namespace metergate::northbound::receiver

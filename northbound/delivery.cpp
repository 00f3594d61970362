#include "northbound/delivery.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "northbound/influx_encoder.hpp"
#include "northbound/native_encoder.hpp"

namespace metergate::northbound {
namespace {

constexpr Duration live_period = std::chrono::milliseconds{500};
constexpr Duration look_period = std::chrono::seconds{60};
constexpr Duration connecting_poll_period = std::chrono::milliseconds{50};
constexpr Duration live_pause = std::chrono::milliseconds{5};
constexpr Duration connect_timeout = std::chrono::seconds{30};
constexpr Duration refused_meta_pause = std::chrono::minutes{5};
constexpr Duration cursor_period = std::chrono::seconds{1};
constexpr Duration goodbye_time = std::chrono::milliseconds{1500};
constexpr Duration rate_period = std::chrono::seconds{60};
constexpr std::size_t live_per_step = 32;
constexpr std::size_t live_in_flight_max = 64;
constexpr std::size_t events_per_step = 8;
constexpr std::size_t events_max = 256;
constexpr Token lane_bits = 3;
constexpr Token lane_mask = (1U << lane_bits) - 1;

constexpr std::array<std::string_view, 5> state_names{"connecting", "connected", "waiting",
                                                      "paused", "stopped"};

std::string seconds_text(Duration duration) {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(duration).count()) + " s";
}

}  // namespace

std::string_view name_of(DeliveryStatus::State state) {
    return state_names.at(static_cast<std::size_t>(state));
}

Delivery::Delivery(DeliveryOptions options, record::Directory directory, Parts parts, Stored stored)
    : options_(std::move(options)),
      directory_(std::move(directory)),
      parts_(std::move(parts)),
      meta_(encode_meta(directory_, options_.filter)),
      meta_version_(version_of(meta_)),
      rate_(options_.batches_per_s_max),
      batches_(
          options_, parts_.batches, rate_,
          [this](Batch batch) { return encoded(std::move(batch)); }, stored.cursor),
      requests_(options_, directory_, parts_.batches,
                [this](Batch batch) { return encoded(std::move(batch)); }),
      receipts_(options_.destination, directory_, std::move(stored.receipts)),
      live_(options_, parts_.live_values, directory_),
      events_(events_max, WhenFull::keep_newest_per_key),
      backoff_(options_.seed),
      moved_(stored.cursor) {
    status_.destination = options_.destination;
    status_.cursor = stored.cursor;
    status_.receivers = receipts_.status();
}

/// A resend has the same bytes: it comes from the same rows by the same way.
Message Delivery::encoded(Batch batch) const {
    options_.filter.apply(batch);
    return {batch_topic(directory_, batch.panel),
            options_.format == BatchFormat::influx
                ? encode_influx(batch, directory_)
                : encode_batch(batch, directory_, parts_.batches.epoch())};
}

Instant Delivery::step() {
    const Instant now = parts_.clock.now();
    if (phase_ == Phase::stopped) {
        return never;
    }
    take_outcomes(now);
    take_directory(now);
    take_tests(now);
    look(now);
    batches_.find_start(now);
    follow_link(now);
    if (phase_ == Phase::up && !stop_by_) {
        hear(now);
        send_meta(now);
        send_batches(now);
        send_events(now);
        send_live(now);
        if (options_.status && now >= status_at_) {
            announce_status(now, true);
        }
        watch(now);
    }
    move_cursor(now, false);
    if (stop_by_) {
        finish_stop(now);
    }
    note_status(now);
    return next_step(now);
}

void Delivery::describe(record::Directory directory) {
    directories_.push(parts_.clock.now(), std::move(directory));
}

void Delivery::take_directory(Instant now) {
    while (auto directory = directories_.pop(now)) {
        directory_ = std::move(*directory);
        live_.clear_unused();
        std::string meta = encode_meta(directory_, options_.filter);
        if (meta == meta_) {
            continue;
        }
        meta_ = std::move(meta);
        meta_version_ = version_of(meta_);
        meta_due_ = true;
        meta_at_ = now;
        if (phase_ == Phase::up && !stop_by_) {
            send_meta(now);
            announce_status(now, true);
        }
    }
}

void Delivery::look(Instant now) {
    if (now < look_at_) {
        return;
    }
    look_at_ = now + look_period;
    if (const auto newest = parts_.batches.newest()) {
        batch_stored(*newest);
    }
}

void Delivery::batch_stored(BatchSeq newest) {
    std::int64_t known = newest_;
    while (known < raw(newest) && !newest_.compare_exchange_weak(known, raw(newest))) {
    }
}

void Delivery::take_outcomes(Instant now) {
    for (const PublishOutcome& outcome : parts_.publisher.take_outcomes()) {
        take_outcome(outcome, now);
    }
}

void Delivery::take_outcome(const PublishOutcome& outcome, Instant now) {
    switch (static_cast<Lane>(outcome.token & lane_mask)) {
        case Lane::control:
            take_test(outcome, now);
            take_control(outcome);
            break;
        case Lane::live:
            live_in_flight_ -= live_in_flight_ > 0 ? 1 : 0;
            break;
        case Lane::batch:
            take_batch_outcome(outcome, now);
            break;
        case Lane::requested:
            requests_.take(outcome);
            break;
        case Lane::subscription:
            take_subscription(outcome);
            break;
    }
}

void Delivery::take_batch_outcome(const PublishOutcome& outcome, Instant now) {
    const std::uint64_t before = batches_.acknowledged();
    const auto cursor = batches_.cursor();
    heed(batches_.take(outcome, now));
    if (batches_.acknowledged() != before) {
        const std::scoped_lock lock(status_mutex_);
        status_.last_success = parts_.clock.utc();
    }
    // A refusal proves nothing: some brokers end the connection after it. Nor does a batch whose
    // predecessor is not taken: it will be sent again with that one.
    if (!outcome.error && phase_ == Phase::up && batches_.cursor() != cursor) {
        proved_to_work();
    }
}

void Delivery::take_control(const PublishOutcome& outcome) {
    if (controls_.erase(outcome.token) == 0) {
        return;
    }
    control_acknowledged_ = control_acknowledged_ || !outcome.error;
    link_error_ = outcome.error ? outcome.error->text : std::string{};
    if (outcome.token == meta_in_flight_) {
        meta_in_flight_.reset();
        meta_due_ = meta_due_ || outcome.error.has_value();
        const bool may_pass_soon = !outcome.error || outcome.error->fault == Fault::busy;
        meta_at_ = parts_.clock.now() + (may_pass_soon ? Duration{} : refused_meta_pause);
    }
}

void Delivery::follow_link(Instant now) {
    const LinkState link = parts_.publisher.state();
    switch (phase_) {
        case Phase::waiting:
            if (now >= connect_at_ && !stop_by_) {
                connect(now);
            }
            break;
        case Phase::connecting:
            if (link == LinkState::open) {
                connected(now);
            } else if (link == LinkState::closed) {
                connection_lost(now, parts_.publisher.take_fault().value_or(
                                         Error{Fault::disconnected, "no connection"}));
            } else if (now - phase_since_ >= connect_timeout) {
                connection_lost(
                    now, {Fault::timeout, "no connection within " + seconds_text(connect_timeout)});
            }
            break;
        case Phase::up:
            if (link != LinkState::open) {
                connection_lost(now, parts_.publisher.take_fault().value_or(
                                         Error{Fault::disconnected, "the connection was lost"}));
            } else if (!proved_ && control_acknowledged_ && batches_.idle()) {
                proved_to_work();
            }
            break;
        case Phase::stopped:
            break;
    }
}

void Delivery::connect(Instant now) {
    phase_ = Phase::connecting;
    phase_since_ = now;
    (void)parts_.publisher.take_fault();
    parts_.publisher.connect(will());
}

void Delivery::connected(Instant now) {
    phase_ = Phase::up;
    phase_since_ = now;
    for (TestAnswer& answer : std::exchange(tests_waiting_, {})) {
        send_test(now, std::move(answer));
    }
    proved_ = false;
    control_acknowledged_ = false;
    link_error_.clear();
    batches_.connection_opened(now);
    live_.restart();
    while (events_.pop(now)) {  // told late they would mislead; the batches carry them
    }
    meta_due_ = true;
    meta_at_ = now;
    meta_in_flight_.reset();
    send_meta(now);
    announce_status(now, true);
    subscribe(now);
}

void Delivery::connection_lost(Instant now, Error why) {
    parts_.publisher.disconnect();
    batches_.connection_lost();
    requests_.connection_lost();
    controls_.clear();
    fail_tests(why);
    live_in_flight_ = 0;
    phase_ = Phase::waiting;
    phase_since_ = now;
    connect_at_ = now + backoff_.next();
    link_error_ = std::move(why.text);
    if (!lost_since_) {
        lost_since_ = parts_.clock.utc();
        report(EventKind::destination_lost, link_error_);
    }
}

/// A connection that only comes about and breaks again is no return, and earns no faster retry.
void Delivery::proved_to_work() {
    if (std::exchange(proved_, true)) {
        return;
    }
    backoff_.reset();
    if (lost_since_) {
        report(EventKind::destination_back, "connected again, " + std::string("messages are taken"),
               std::exchange(lost_since_, std::nullopt));
    }
}

/// A connection that swallows messages without answering is as bad as none.
void Delivery::watch(Instant now) {
    const Instant oldest = oldest_unanswered();
    if (oldest != never && now - oldest >= options_.ack_timeout) {
        connection_lost(now, {Fault::timeout,
                              "no acknowledgement within " + seconds_text(options_.ack_timeout)});
    }
}

Instant Delivery::oldest_unanswered() const {
    Instant oldest = std::min(batches_.waiting_since(), requests_.waiting_since());
    for (const auto& [token, sent] : controls_) {
        oldest = std::min(oldest, sent);
    }
    return oldest;
}

/// Requested batches are given their part of the window first, so that neither starves the other.
void Delivery::send_batches(Instant now) {
    const std::size_t window = batches_.window_of(parts_.publisher);
    requests_.send(now, window, rate_, parts_.publisher,
                   [this] { return next_token(Lane::requested); });
    const std::size_t share = requests_.share_of(window);
    heed(batches_.send(now, BatchSeq{newest_.load()}, std::max<std::size_t>(window - share, 1),
                       parts_.publisher, [this] { return next_token(Lane::batch); }));
    while (const auto response = requests_.next_response()) {
        send_control(now, *response);
    }
}

void Delivery::send_events(Instant now) {
    for (std::size_t sent = 0; sent < events_per_step; ++sent) {
        const auto event = events_.pop(now);
        if (!event) {
            return;
        }
        const Message message{gateway_topic(directory_.gateway, "event"), encode_event(*event),
                              false, Assurance::best_effort};
        if (options_.events && options_.filter.passes(event->panel) &&
            parts_.publisher.publish(message, next_token(Lane::live))) {
            ++live_in_flight_;
        }
    }
}

void Delivery::send_live(Instant now) {
    if (!options_.live_values) {
        return;
    }
    live_.refresh(now);
    for (; live_.next_to_clear() != nullptr && live_in_flight_ < live_in_flight_max;
         live_.cleared()) {
        const Message nothing{*live_.next_to_clear(), "", true, Assurance::best_effort};
        if (!parts_.publisher.publish(nothing, next_token(Lane::live))) {
            return;
        }
        ++live_in_flight_;
    }
    for (std::size_t sent = 0; sent < live_per_step && live_in_flight_ < live_in_flight_max;
         ++sent) {
        const auto message = live_.next(now);
        if (!message || !parts_.publisher.publish(*message, next_token(Lane::live))) {
            return;
        }
        ++live_in_flight_;
    }
}

Token Delivery::next_token(Lane lane) {
    return ++last_token_ << lane_bits | static_cast<Token>(lane);
}

void Delivery::heed(BatchLane::News news) {
    if (news == BatchLane::News::paused) {
        report(EventKind::destination_paused,
               "the same batch is refused again and again: " + batches_.last_error());
    }
    if (news == BatchLane::News::resumed) {
        report(EventKind::destination_back, "the refused batch was taken");
    }
}

void Delivery::report(EventKind kind, const std::string& text, std::optional<UtcTime> began) {
    Event event;
    event.at = parts_.clock.utc();
    event.panel = gateway_panel;
    event.source = options_.destination;
    event.kind = kind;
    event.start = began.value_or(event.at);
    if (kind == EventKind::destination_back) {
        event.end = event.at;
    }
    const std::string& name = options_.name.empty() ? options_.destination : options_.name;
    event.text = "destination " + name + ": " + text;
    parts_.report(std::move(event));
}

void Delivery::move_cursor(Instant now, bool at_once) {
    const auto& cursor = batches_.cursor();
    if (!cursor || cursor == moved_ || (now < move_at_ && !at_once)) {
        return;
    }
    parts_.cursors.move({options_.destination, *cursor});
    moved_ = cursor;
    move_at_ = now + cursor_period;
}

void Delivery::stop() {
    if (stop_by_ || phase_ == Phase::stopped) {
        return;
    }
    const Instant now = parts_.clock.now();
    stop_by_ = now + goodbye_time;
    if (phase_ == Phase::up) {
        announce_status(now, false);
    }
}

void Delivery::finish_stop(Instant now) {
    const bool answered = batches_.waiting_since() == never && controls_.empty();
    if (phase_ == Phase::up && !answered && now < *stop_by_) {
        return;
    }
    move_cursor(now, true);
    parts_.publisher.disconnect();
    phase_ = Phase::stopped;
    take_tests(now);
    fail_tests({Fault::busy, "the destination ends"});
}

void Delivery::note_status(Instant now) {
    using State = DeliveryStatus::State;
    constexpr std::array<State, 4> state_of{State::waiting, State::connecting, State::connected,
                                            State::stopped};
    const std::scoped_lock lock(status_mutex_);
    if (now >= rate_at_) {
        rate_at_ = now + rate_period;
        status_.acknowledged_last_min =
            batches_.acknowledged() - std::exchange(counted_, batches_.acknowledged());
    }
    const bool paused = phase_ == Phase::up && batches_.paused();
    status_.state = paused ? State::paused : state_of.at(static_cast<std::size_t>(phase_));
    status_.cursor = batches_.cursor();
    status_.backlog =
        status_.cursor ? std::max<std::int64_t>(newest_ - raw(*status_.cursor), 0) : 0;
    status_.acknowledged = batches_.acknowledged();
    status_.resent = requests_.resent();
    status_.receivers_problem = receivers_problem_;
    status_.last_error = link_error_.empty() ? batches_.last_error() : link_error_;
}

DeliveryStatus Delivery::status() const {
    const std::scoped_lock lock(status_mutex_);
    return status_;
}

Instant Delivery::next_step(Instant now) const {
    if (phase_ == Phase::stopped) {
        return never;
    }
    if (stop_by_) {
        return std::min(*stop_by_, now + live_pause);
    }
    Instant next = phase_ == Phase::connecting ? now + connecting_poll_period : look_at_;
    next = std::min({next, directories_.next_at(), tests_.next_at(), parts_.publisher.next_at()});
    const auto consider = [&](Instant at) {
        if (at > now) {
            next = std::min(next, at);
        }
    };
    if (!batches_.cursor()) {
        consider(std::max(now + live_pause, batches_.next_at()));
    }
    consider(phase_ == Phase::waiting ? connect_at_ : batches_.next_at());
    consider(requests_.next_at());
    consider(receipts_.next_at());
    consider(meta_due_ && !meta_in_flight_ ? meta_at_ : never);
    consider(batches_.cursor() == moved_ ? never : move_at_);
    if (const Instant oldest = oldest_unanswered(); phase_ == Phase::up && oldest != never) {
        consider(oldest + options_.ack_timeout);
    }
    if (phase_ == Phase::up && options_.live_values) {
        const bool more = live_.waiting() && live_in_flight_ < live_in_flight_max;
        consider(now + (more ? live_pause : live_period));
    }
    return next;
}

}  // namespace metergate::northbound

#include "northbound/request_lane.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "northbound/native_encoder.hpp"

namespace metergate::northbound {
namespace {

using NumberRange = record::BatchSource::NumberRange;

constexpr std::size_t tasks_max = 8;
constexpr std::size_t responses_max = 128;
/// The newest and the requested batches share the way; this part is the requested ones'.
constexpr std::size_t share_divisor = 4;
/// A longer search would hold the store up.
constexpr std::chrono::days ends_span_max{100};
constexpr Duration busy_wait = std::chrono::milliseconds{50};
constexpr Duration limit_period = std::chrono::minutes{1};

/// Runs of numbers, the last one first.
std::vector<NumberRange> runs_of(PanelNumber panel, const std::vector<std::uint64_t>& numbers) {
    std::vector<NumberRange> runs;
    for (const std::uint64_t number : numbers) {
        if (!runs.empty() && runs.back().to + 1 == number) {
            runs.back().to = number;
        } else {
            runs.push_back({panel, number, number});
        }
    }
    std::reverse(runs.begin(), runs.end());
    return runs;
}

}  // namespace

bool MinuteLimit::allow(Instant now) {
    while (!recent_.empty() && now - recent_.front() >= limit_period) {
        recent_.pop_front();
    }
    if (recent_.size() >= count_max_) {
        return false;
    }
    recent_.push_back(now);
    return true;
}

RequestLane::RequestLane(const DeliveryOptions& options, const record::Directory& directory,
                         record::BatchSource& source, Encode encode)
    : options_(options),
      directory_(directory),
      source_(source),
      encode_(std::move(encode)),
      requests_(options.requests_per_min_max),
      refusals_(options.requests_per_min_max),
      own_rate_(
          std::max<std::uint32_t>(options.batches_per_s_max / std::uint32_t{share_divisor}, 1)) {}

void RequestLane::ask(const Incoming& incoming, Instant now) {
    if (incoming.retained) {
        return;
    }
    const auto parsed = parse_request(incoming.payload);
    if (const auto* bad = std::get_if<BadRequest>(&parsed)) {
        if (!bad->id.empty()) {
            refuse(bad->id, bad->text, now);
        }
        return;
    }
    accept(std::get<DataRequest>(parsed), now);
}

void RequestLane::accept(const DataRequest& request, Instant now) {
    const bool known = std::any_of(tasks_.begin(), tasks_.end(), [&](const Task& task) {
        return task.response.id == request.id;
    });
    if (known) {
        return;
    }
    if (!requests_.allow(now)) {
        refuse(request.id,
               fmt::format("more than {} requests within a minute: ask later",
                           options_.requests_per_min_max),
               now);
        return;
    }
    if (tasks_.size() >= tasks_max) {
        refuse(request.id, "too many requests are waiting: ask later", now);
        return;
    }
    const auto panel = panel_named(directory_, request.panel);
    if (!panel) {
        refuse(request.id, "there is no panel of that id", now);
        return;
    }
    auto ranges = ranges_of(request, *panel);
    if (!ranges) {
        refuse(request.id, ranges.error().text, now);
        return;
    }
    tasks_.push_back({{request.id, 0, 0, {}}, std::move(*ranges)});
    again_at_ = now;
}

Result<std::vector<NumberRange>> RequestLane::ranges_of(const DataRequest& request,
                                                        PanelNumber panel) {
    const Error too_many{Fault::refused, fmt::format("more than {} batches: ask for them in parts",
                                                     options_.request_batches_max)};
    if (const auto* numbers = std::get_if<RequestedNumbers>(&request.what)) {
        if (numbers->epoch != source_.epoch()) {
            return Error{Fault::refused, "the epoch is now " + epoch_text(source_.epoch())};
        }
        if (numbers->to - numbers->from >= options_.request_batches_max) {
            return too_many;
        }
        return {{NumberRange{panel, numbers->from, numbers->to}}};
    }
    const auto& ends = std::get<RequestedEnds>(request.what);
    if (ends.to - ends.from > ends_span_max) {
        return Error{Fault::refused,
                     fmt::format("more than {} days: ask in parts", ends_span_max.count())};
    }
    const auto found =
        source_.numbers_by_end(panel, ends.from, ends.to, options_.request_batches_max);
    if (!found) {
        return found.error().fault == Fault::refused
                   ? too_many
                   : found.error().within("the store cannot be read now");
    }
    return runs_of(panel, *found);
}

void RequestLane::refuse(const std::string& id, std::string text, Instant now) {
    if (refusals_.allow(now)) {
        answer({id, 0, 0, std::move(text)});
    }
}

void RequestLane::answer(const DataResponse& response) {
    if (responses_.size() >= responses_max) {
        responses_.pop_front();
    }
    responses_.push_back({gateway_topic(directory_.gateway, "response/" + response.id),
                          encode_response(response), false});
}

std::optional<Message> RequestLane::next_response() {
    if (responses_.empty()) {
        return std::nullopt;
    }
    Message message = std::move(responses_.front());
    responses_.pop_front();
    return message;
}

void RequestLane::connection_lost() {
    tasks_.clear();
    page_.clear();
    flights_.clear();
    responses_.clear();
}

/// What is still in flight for it is not waited for.
void RequestLane::end_task(std::string error) {
    DataResponse response = std::move(tasks_.front().response);
    response.error = std::move(error);
    answer(response);
    tasks_.pop_front();
    page_.clear();
    flights_.clear();
}

std::size_t RequestLane::share_of(std::size_t window) const {
    return tasks_.empty() ? 0 : std::max<std::size_t>(window / share_divisor, 1);
}

void RequestLane::send(Instant now, std::size_t window, TokenBucket& rate, Publisher& publisher,
                       const std::function<Token()>& next_token) {
    again_at_ = never;
    while (!tasks_.empty()) {
        const std::size_t share = share_of(window);
        if (!page_.empty()) {
            if (flights_.size() >= share || !send_one(now, rate, publisher, next_token())) {
                return;
            }
        } else if (!tasks_.front().ranges.empty()) {
            if (!read_more(share)) {
                end_task("the store cannot be read now: ask later");
            }
        } else if (flights_.empty()) {
            end_task({});
        } else {
            return;
        }
    }
}

bool RequestLane::read_more(std::size_t count_max) {
    Task& task = tasks_.front();
    NumberRange& range = task.ranges.back();
    auto page = source_.by_number(range, count_max);
    if (!page) {
        return false;
    }
    task.response.purged_through = std::max(task.response.purged_through, page->purged_through);
    for (Batch& batch : page->batches) {
        page_.push_back(std::move(batch));
    }
    range.from = page->through + 1;
    if (page->complete) {
        task.ranges.pop_back();
    }
    return true;
}

bool RequestLane::send_one(Instant now, TokenBucket& rate, Publisher& publisher, Token token) {
    if (own_rate_.ready_at() > now) {
        again_at_ = own_rate_.ready_at();
        return false;
    }
    const std::uint64_t number = page_.front().number;
    const Message message = encode_(page_.front());
    if (message.payload.size() > publisher.payload_size_max()) {
        end_task(fmt::format("batch {} is larger than the broker takes", number));
        return true;
    }
    if (!publisher.publish(message, token)) {
        again_at_ = now + busy_wait;
        return false;
    }
    own_rate_.take(now);
    rate.take(now);
    flights_.emplace(token, now);
    ++tasks_.front().response.count;
    ++resent_;
    page_.pop_front();
    return true;
}

void RequestLane::take(const PublishOutcome& outcome) {
    if (flights_.erase(outcome.token) > 0 && outcome.error) {
        end_task(outcome.error->text);
    }
}

Instant RequestLane::waiting_since() const {
    Instant oldest = never;
    for (const auto& [token, sent] : flights_) {
        oldest = std::min(oldest, sent);
    }
    return oldest;
}

}  // namespace metergate::northbound

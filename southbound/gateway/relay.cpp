#include "southbound/gateway/relay.hpp"

#include <algorithm>
#include <set>

namespace metergate::southbound::gateway {
namespace {

/// A line that has not answered by then has ended.
constexpr Duration forget_after = std::chrono::seconds{60};
constexpr Duration tell_again_after = std::chrono::hours{1};
constexpr std::size_t told_max = 1024;

Answer refusal(const Pdu& pdu, Exception exception) {
    return {exception_pdu(pdu.empty() ? 0 : pdu[0], exception), Answer::From::gateway, {}};
}

/// What a client is told of a failure for which its panel gave no exception.
Exception exception_for(Fault fault) {
    switch (fault) {
        case Fault::not_found:
        case Fault::disconnected:
            return Exception::path_unavailable;
        case Fault::timeout:
        case Fault::damaged:
            return Exception::target_silent;
        case Fault::busy:
        case Fault::full:
            return Exception::busy;
        default:
            return Exception::failure;
    }
}

Answer answer_of(const Pdu& asked, const LineOutcome& outcome) {
    if (outcome.reply) {
        return {outcome.reply->pdu, Answer::From::panel, outcome.reply->asked};
    }
    if (outcome.exception_code != 0) {
        return {exception_pdu(asked[0], outcome.exception_code), Answer::From::panel, {}};
    }
    return refusal(asked, exception_for(outcome.reply.error().fault));
}

/// Values, and exceptions that would come again: a client that asks for what is not there costs no
/// more than one that asks for what is.
bool may_be_kept(const Answer& answer) {
    return answer.asked ||
           (answer.from == Answer::From::panel && answer.pdu[1] >= 1 && answer.pdu[1] <= 3);
}

}  // namespace

Relay::Relay(const Clock& clock, Rules rules, Hooks hooks)
    : clock_(clock), rules_(std::move(rules)), hooks_(std::move(hooks)) {}

void Relay::ask(const Id& client, std::uint8_t unit, const Pdu& pdu, AnswerTo answer) {
    if (const auto exception = refusal_of(unit, pdu)) {
        answer(refusal(pdu, *exception));
        return;
    }
    const bool is_read = access_of(pdu) == Access::read;
    if (const Kept* kept = is_read ? kept_for(unit, pdu) : nullptr) {
        answer(kept->answer);
        return;
    }
    if (is_read && join(unit, pdu, answer)) {
        return;
    }
    if (!has_room_for(client)) {
        answer(refusal(pdu, Exception::busy));
        return;
    }
    if (!is_read) {
        ++counters_.writes;
        forget(unit);
        tell_of_write(client, unit, pdu);
    }
    const Instant now = clock_.now();
    start({client, unit, pdu, now, is_read, {{now, std::move(answer)}}});
}

std::optional<Exception> Relay::refusal_of(std::uint8_t unit, const Pdu& pdu) const {
    if (!rules_.routes.contains(unit)) {
        return Exception::path_unavailable;
    }
    const Access access = access_of(pdu);
    if (access == Access::unknown || (access == Access::write && !rules_.writes_allowed)) {
        return Exception::illegal_function;
    }
    const Shape shape = shape_of(pdu);
    return shape.sound ? std::nullopt : std::optional(shape.exception);
}

const Relay::Kept* Relay::kept_for(std::uint8_t unit, const Pdu& pdu) const {
    const Instant now = clock_.now();
    const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) {
        return kept.unit == unit && kept.pdu == pdu && now - kept.asked < rules_.cache;
    });
    return found == kept_.end() ? nullptr : &*found;
}

/// Waits for the answer to the same request of somebody else.
bool Relay::join(std::uint8_t unit, const Pdu& pdu, const AnswerTo& answer) {
    const auto same = std::find_if(under_way_.begin(), under_way_.end(), [&](const auto& entry) {
        return entry.second.shared && entry.second.unit == unit && entry.second.pdu == pdu;
    });
    if (same == under_way_.end()) {
        return false;
    }
    same->second.waiting.push_back({clock_.now(), answer});
    return true;
}

bool Relay::has_room_for(const Id& client) const {
    std::size_t own = 0;
    std::set<Id> others;
    for (const auto& [ticket, request] : under_way_) {
        if (request.client == client) {
            ++own;
        } else {
            others.insert(request.client);
        }
    }
    return own < of_client_max && others.size() < clients_max;
}

void Relay::start(UnderWay request) {
    const Route& route = rules_.routes.at(request.unit);
    const Id line = route.line;
    LineRequest to_line{request.client, route.request, {}};
    to_line.request.pdu = request.pdu;
    const std::uint64_t ticket = next_ticket_++;
    to_line.answer = [this, ticket](const LineOutcome& outcome) { take(ticket, outcome); };
    under_way_.emplace(ticket, std::move(request));
    ++counters_.on_wire;
    hooks_.to_line(line, std::move(to_line));
}

void Relay::take(std::uint64_t ticket, const LineOutcome& outcome) {
    auto found = under_way_.extract(ticket);
    if (found.empty()) {
        return;  // given up
    }
    UnderWay& done = found.mapped();
    if (access_of(done.pdu) == Access::write) {
        forget(done.unit);
    }
    const Answer answer = answer_of(done.pdu, outcome);
    if (done.shared && may_be_kept(answer)) {
        keep(done, answer, answer.asked.value_or(clock_.now()));
    }
    for (const Waiting& waiting : done.waiting) {
        waiting.answer(answer);
    }
}

void Relay::keep(UnderWay& done, const Answer& answer, Instant asked) {
    const Instant now = clock_.now();
    std::erase_if(kept_, [&](const Kept& kept) {
        return now - kept.asked >= rules_.cache || (kept.unit == done.unit && kept.pdu == done.pdu);
    });
    if (now - asked >= rules_.cache) {
        return;
    }
    if (kept_.size() >= cached_max) {
        kept_.pop_front();
    }
    kept_.push_back({done.unit, done.pdu, answer, asked});
    kept_.back().answer.from = Answer::From::cache;
}

/// What was read of the unit may be another value now, and so may what is being read.
void Relay::forget(std::uint8_t unit) {
    std::erase_if(kept_, [unit](const Kept& kept) { return kept.unit == unit; });
    for (auto& [ticket, request] : under_way_) {
        request.shared = request.shared && request.unit != unit;
    }
}

void Relay::change_routes(Routes routes) {
    rules_.routes = std::move(routes);
    kept_.clear();
    for (auto& [ticket, request] : under_way_) {
        request.shared = false;
    }
}

std::shared_ptr<Instant> Relay::pace_of(const Id& client) {
    std::shared_ptr<Instant>& pace = paces_[client];
    if (!pace) {
        pace = std::make_shared<Instant>(clock_.now());
    }
    return pace;
}

void Relay::step() {
    const Instant now = clock_.now();
    std::erase_if(paces_, [now](const auto& entry) {
        return entry.second.use_count() == 1 && *entry.second <= now;
    });
    std::vector<std::pair<AnswerTo, Answer>> late;
    for (auto& [ticket, request] : under_way_) {
        for (const Waiting& waiting : request.waiting) {
            if (now - waiting.since >= wait_max) {
                late.emplace_back(waiting.answer, refusal(request.pdu, Exception::busy));
            }
        }
        std::erase_if(request.waiting,
                      [now](const Waiting& waiting) { return now - waiting.since >= wait_max; });
    }
    std::erase_if(under_way_, [now](const auto& entry) {
        return entry.second.waiting.empty() && now - entry.second.since >= forget_after;
    });
    for (const auto& [to, answer] : late) {
        to(answer);
    }
}

void Relay::tell_of_write(const Id& client, std::uint8_t unit, const Pdu& pdu) {
    const Instant now = clock_.now();
    std::erase_if(writes_told_,
                  [now](const auto& told) { return now - told.second >= tell_again_after; });
    const bool is_news =
        writes_told_.size() < told_max && writes_told_.emplace(std::pair(client, unit), now).second;
    if (is_news && hooks_.wrote) {
        hooks_.wrote(client, rules_.routes.at(unit), pdu);
    }
}

}  // namespace metergate::southbound::gateway

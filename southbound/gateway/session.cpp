#include "southbound/gateway/session.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace metergate::southbound::gateway {
namespace {

constexpr std::uint8_t unit_max = 247;
constexpr std::uint8_t exception_bit = 0x80;
constexpr Duration request_cost = Duration{std::chrono::seconds{1}} / Session::requests_per_s;

}  // namespace

Session::Session(const Clock& clock, Relay& relay, Id client, Duration idle_max)
    : clock_(clock),
      relay_(relay),
      client_(std::move(client)),
      idle_max_(idle_max),
      next_free_(relay.pace_of(client_)),
      last_request_(clock.now()) {}

std::size_t Session::room() const {
    const bool is_open = !ended_ && unsent() < unsent_max;
    return is_open ? received_max - std::min(received_max, received_.size()) : 0;
}

void Session::receive(std::span<const std::uint8_t> bytes) {
    assert(bytes.size() <= received_max - received_.size());
    received_.insert(received_.end(), bytes.begin(), bytes.end());
    work();
}

void Session::step() {
    const Instant now = clock_.now();
    if (unsent_since_ && now - *unsent_since_ >= listen_max) {
        end("it does not take its answers");
    } else if (frame_since_ && now - *frame_since_ >= frame_max) {
        end("it does not finish its request");
    } else if (outstanding_ == 0 && now - last_request_ >= idle_max_) {
        end("it asks for nothing");
    }
    work();
}

bool Session::may_go_on() const {
    return unsent() < unsent_max && *next_free_ - clock_.now() < burst;
}

void Session::work() {
    std::size_t done = 0;
    bool is_cut_off = false;
    while (!ended_) {
        const Cut cut = cut_frame(std::span(received_).subspan(done));
        if (!cut.nonsense.empty()) {
            ++relay_.counters().nonsense;
            end("it does not speak Modbus TCP: " + std::string(cut.nonsense));
            break;
        }
        if (cut.length == 0) {
            is_cut_off = done < received_.size();
            break;
        }
        if (!may_go_on()) {
            break;
        }
        done += cut.length;
        *next_free_ = std::max(*next_free_, clock_.now()) + request_cost;
        handle(cut.frame);
    }
    received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(done));
    if (!is_cut_off) {
        frame_since_.reset();
    } else if (!frame_since_ || done > 0) {
        frame_since_ = clock_.now();
    }
}

void Session::handle(const Frame& frame) {
    ++requests_;
    ++relay_.counters().requests;
    last_request_ = clock_.now();
    if (frame.unit == own_unit) {
        send(frame, own_answer(frame.pdu));
        return;
    }
    if (outstanding_ >= outstanding_max) {
        send(frame, {exception_pdu(frame.pdu[0], Exception::busy), Answer::From::gateway, {}});
        return;
    }
    ++outstanding_;
    relay_.ask(client_, frame.unit, frame.pdu,
               [weak = weak_from_this(), frame](const Answer& answer) {
                   if (const auto self = weak.lock()) {
                       --self->outstanding_;
                       self->send(frame, answer);
                   }
               });
}

void Session::send(const Frame& asked, const Answer& answer) {
    if (ended_) {
        return;
    }
    count(answer);
    if (answer.asked) {
        asked_.at(asked.unit) = answer.asked;
    }
    if (unsent() == 0) {
        unsent_since_ = clock_.now();
    }
    append_frame(output_, {asked.transaction, asked.unit, answer.pdu});
    if (wake_) {
        wake_();
    }
}

void Session::count(const Answer& answer) {
    Counters& counters = relay_.counters();
    const bool is_exception = (answer.pdu[0] & exception_bit) != 0;
    if (answer.from == Answer::From::gateway && is_exception) {
        ++counters.refused;
        return;
    }
    ++(is_exception ? counters.exceptions : counters.answered);
    if (answer.from == Answer::From::cache && !is_exception) {
        ++counters.from_cache;
    }
}

Answer Session::own_answer(const Pdu& pdu) const {
    const auto refused = [&](Exception exception) -> Answer {
        return {exception_pdu(pdu[0], exception), Answer::From::gateway, {}};
    };
    if (pdu[0] != 3 && pdu[0] != 4) {
        return refused(Exception::illegal_function);
    }
    if (const Shape shape = shape_of(pdu); !shape.sound) {
        return refused(shape.exception);
    }
    const std::size_t first = (std::size_t{pdu[1]} << 8U) | pdu[2];
    const std::size_t count = pdu[4];
    if (first < 1 || first + count > std::size_t{unit_max} + 1) {
        return refused(Exception::illegal_address);
    }
    Pdu reply{pdu[0], static_cast<std::uint8_t>(2 * count)};
    for (std::size_t unit = first; unit < first + count; ++unit) {
        const std::uint16_t age = age_ms(unit);
        reply.push_back(static_cast<std::uint8_t>(age >> 8U));
        reply.push_back(static_cast<std::uint8_t>(age & 0xFFU));
    }
    return {std::move(reply), Answer::From::gateway, {}};
}

std::uint16_t Session::age_ms(std::size_t unit) const {
    const std::optional<Instant>& asked = asked_.at(unit);
    if (!asked) {
        return age_unknown;
    }
    const auto age = std::chrono::ceil<std::chrono::milliseconds>(clock_.now() - *asked).count();
    return static_cast<std::uint16_t>(std::clamp<std::int64_t>(age, 0, std::int64_t{age_unknown}));
}

std::vector<std::uint8_t> Session::take_output() {
    if (being_written_ > 0) {
        return {};
    }
    being_written_ = output_.size();
    return std::exchange(output_, {});
}

void Session::written() {
    being_written_ = 0;
    unsent_since_ = output_.empty() ? std::nullopt : std::optional(clock_.now());
    work();
}

void Session::end(std::string why) {
    if (!ended_) {
        ended_ = std::move(why);
    }
}

}  // namespace metergate::southbound::gateway

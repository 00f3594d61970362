#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "southbound/gateway/session.hpp"

namespace metergate::southbound::gateway {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Bytes = std::vector<std::uint8_t>;

/// A relay with lines that answer when the test says so. Unit 17 is address 3 of riser-1, unit 18
/// address 3 of riser-2.
class Server : public ::testing::Test {
  protected:
    static Route route_to(const Id& line, std::uint8_t address) {
        Route route{line, line + "-panel", {}};
        route.request.unit = address;
        return route;
    }
    static Relay::Rules rules() {
        Relay::Rules rules;
        rules.routes = {{17, route_to("riser-1", 3)}, {18, route_to("riser-2", 3)}};
        rules.cache = seconds{1};
        return rules;
    }
    Relay& relay() {
        if (!relay_) {
            relay_.emplace(clock_, rules_,
                           Relay::Hooks{[this](const Id& line, LineRequest request) {
                                            lines_.push_back(line);
                                            asked_.push_back(std::move(request));
                                        },
                                        [this](const Id& client, const Route& route, const Pdu&) {
                                            writes_.push_back(client + " " + route.panel);
                                        }});
        }
        return *relay_;
    }
    std::shared_ptr<Session> connect(const Id& client = "10.0.0.7") {
        return std::make_shared<Session>(clock_, relay(), client, seconds{120});
    }
    /// The line answers its `place`th request of all, now.
    void reply(std::size_t place, Pdu pdu) {
        asked_.at(place).answer({Reply{std::move(pdu), clock_.now(), clock_.now()}, 0});
    }
    void fail(std::size_t place, Fault fault, std::uint8_t exception_code = 0) {
        asked_.at(place).answer({Error{fault, "told by the test"}, exception_code});
    }
    void pass(Duration time) {
        clock_.advance(time);
        relay().step();
    }

    static Bytes frame(std::uint16_t transaction, std::uint8_t unit, Pdu pdu) {
        Bytes bytes;
        append_frame(bytes, {transaction, unit, std::move(pdu)});
        return bytes;
    }
    static Pdu read_registers(std::uint16_t address, std::uint8_t count) {
        return {3, static_cast<std::uint8_t>(address >> 8U),
                static_cast<std::uint8_t>(address & 0xFFU), 0, count};
    }
    /// As much as the session takes at once. False: not all of it.
    static bool send(Session& session, const Bytes& bytes) {
        const std::size_t count = std::min(bytes.size(), session.room());
        session.receive(std::span(bytes).first(count));
        return count == bytes.size();
    }
    /// All frames that a session has to send, which are then written.
    static std::vector<Frame> sent_by(Session& session) {
        std::vector<Frame> frames;
        Bytes bytes;
        while (!(bytes = session.take_output()).empty()) {
            for (std::span<const std::uint8_t> left(bytes); !left.empty();) {
                const Cut cut = cut_frame(left);
                if (cut.length == 0) {
                    ADD_FAILURE() << "no whole frame was sent";
                    return frames;
                }
                frames.push_back(cut.frame);
                left = left.subspan(cut.length);
            }
            session.written();
        }
        return frames;
    }
    /// "transaction:unit:pdu in hex", of each frame.
    static std::vector<std::string> texts(const std::vector<Frame>& frames) {
        std::vector<std::string> texts;
        for (const Frame& one : frames) {
            std::string text =
                std::to_string(one.transaction) + ":" + std::to_string(one.unit) + ":";
            for (const std::uint8_t byte : one.pdu) {
                constexpr const char* digits = "0123456789ABCDEF";
                text += digits[byte >> 4U];
                text += digits[byte & 0xFU];
            }
            texts.push_back(std::move(text));
        }
        return texts;
    }

    VirtualClock clock_{utc_from_s(1'700'000'000)};
    Relay::Rules rules_ = rules();  ///< before relay()
    std::vector<Id> lines_;
    std::vector<LineRequest> asked_;
    std::vector<std::string> writes_;
    std::optional<Relay> relay_;
};

}  // namespace metergate::southbound::gateway

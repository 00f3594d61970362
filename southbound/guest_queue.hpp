#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <vector>

#include "gateway/model/ids.hpp"
#include "southbound/request.hpp"

namespace metergate::southbound {

/// Errors beside those of Line::take_outcome(): not_found (the line has no such panel), busy (the
/// client has too many waiting, or the panel is not to be asked just now: try again in some
/// seconds), timeout (the panel is lost: not asked at all).
using GuestAnswer = std::function<void(Result<Reply>)>;

/// Work on a line that is not metering: a panel's own log or clock, what others ask through the
/// gateway.
struct GuestRequest {
    Id client;  ///< whose: clients take turns, whatever each of them has waiting
    Request request;
    GuestAnswer answer;
    /// Puts in what must be of the moment in which it leaves, such as a time; the form of the
    /// request stays. May be empty.
    std::function<void(Request&)> at_start{};
};

/// Guests that wait for the wire: one request of each client in turn. Pure; one thread.
class GuestQueue {
  public:
    static constexpr std::size_t waiting_max = 8;  ///< of one client
    static constexpr std::size_t clients_max = 32;

    [[nodiscard]] bool has_room_for(const Id& client) const;
    /// Only if there is room for its client.
    void push(Instant now, GuestRequest guest);
    [[nodiscard]] bool empty() const { return clients_.empty(); }
    /// Whose turn it is. Unless empty.
    [[nodiscard]] const GuestRequest& next() const {
        return clients_.front().waiting.front().guest;
    }
    [[nodiscard]] Instant next_since() const { return clients_.front().waiting.front().since; }
    /// Takes next() out; its client's next one comes after those of all others.
    [[nodiscard]] GuestRequest take();

  private:
    struct Waiting {
        Instant since;
        GuestRequest guest;
    };
    struct Client {
        Id id;
        std::deque<Waiting> waiting;  ///< never empty
    };
    [[nodiscard]] const Client* find(const Id& client) const;

    std::deque<Client> clients_;  ///< in the order of their turns
};

}  // namespace metergate::southbound

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/model/clock.hpp"
#include "gateway/model/ids.hpp"
#include "southbound/gateway/request_shape.hpp"
#include "southbound/request.hpp"

namespace metergate::southbound::gateway {

/// Where a unit of the server leads.
struct Route {
    Id line;
    Id panel;
    Request request;  ///< the panel's address on its line and its limits; the PDU is not used
};
using Routes = std::map<std::uint8_t, Route>;  ///< by unit, 1..247

/// What became of a request on its line.
struct LineOutcome {
    Result<Reply> reply;              ///< errors as of GuestAnswer
    std::uint8_t exception_code = 0;  ///< the panel's own; 0 = it gave none
};
struct LineRequest {
    Id client;
    Request request;
    std::function<void(const LineOutcome&)> answer;  ///< on the relay's thread, once at most
};

struct Answer {
    Pdu pdu;  ///< a reply or an exception
    enum class From : std::uint8_t { panel, cache, gateway } from = From::gateway;
    std::optional<Instant> asked;  ///< of values: when they were those of the panel
};
using AnswerTo = std::function<void(const Answer&)>;

/// Counted since the relay was made; what clients get, by their sessions.
struct Counters {
    std::uint64_t requests = 0;    ///< whole frames of clients
    std::uint64_t answered = 0;    ///< with what they asked for
    std::uint64_t from_cache = 0;  ///< of those, without asking the panel again
    std::uint64_t exceptions = 0;  ///< answered with a panel's own exception
    std::uint64_t refused = 0;     ///< answered with an exception of the gateway
    std::uint64_t on_wire = 0;     ///< requests given to lines
    std::uint64_t writes = 0;      ///< of those
    std::uint64_t nonsense = 0;    ///< connections closed for what is no Modbus TCP
};

/// Between the clients of the server and the lines: knows which unit is which panel, keeps the last
/// replies for a moment, and asks only once for what several clients want at the same time. Steps
/// and answers on one thread, the server's.
class Relay {
  public:
    /// Of one client, since a line's queue of guests holds no more.
    static constexpr std::size_t of_client_max = 8;
    /// Fewer than a line's queue of guests holds, so that panels' logs find room.
    static constexpr std::size_t clients_max = 24;
    static constexpr std::size_t cached_max = 256;
    /// The line has no time: whoever asked has given up long before.
    static constexpr Duration wait_max = std::chrono::seconds{10};

    struct Rules {
        Routes routes;
        bool writes_allowed = false;
        Duration cache{};  ///< how old a reply may be that is given instead of asking; 0 = none
    };
    struct Hooks {
        /// Gives a request to a line; may answer at once. Must not call the relay otherwise.
        std::function<void(const Id& line, LineRequest)> to_line;
        /// A client writes to a panel. Told once an hour of each client and unit.
        std::function<void(const Id& client, const Route& route, const Pdu& pdu)> wrote;
    };

    Relay(const Clock& clock, Rules rules, Hooks hooks);

    /// `pdu` may be anything. The answer comes at once or later, exactly once, unless the relay is
    /// gone before.
    void ask(const Id& client, std::uint8_t unit, const Pdu& pdu, AnswerTo answer);

    /// Other panels behind the units. What is under way is still answered.
    void change_routes(Routes routes);

    /// Answers what has waited too long; to be called several times a second.
    void step();

    /// When the rate of requests would allow a client one more, had it saved up nothing: one for
    /// all its connections, also those that come when others have gone.
    [[nodiscard]] std::shared_ptr<Instant> pace_of(const Id& client);

    [[nodiscard]] Counters& counters() { return counters_; }
    [[nodiscard]] std::size_t under_way() const { return under_way_.size(); }

  private:
    struct Waiting {
        Instant since;
        AnswerTo answer;
    };
    struct UnderWay {
        Id client;
        std::uint8_t unit = 0;
        Pdu pdu;
        Instant since;
        bool shared = false;  ///< others may wait for its answer, and it may be kept
        std::vector<Waiting> waiting;
    };
    struct Kept {
        std::uint8_t unit = 0;
        Pdu pdu;
        Answer answer;
        Instant asked;
    };

    [[nodiscard]] std::optional<Exception> refusal_of(std::uint8_t unit, const Pdu& pdu) const;
    [[nodiscard]] const Kept* kept_for(std::uint8_t unit, const Pdu& pdu) const;
    [[nodiscard]] bool join(std::uint8_t unit, const Pdu& pdu, const AnswerTo& answer);
    [[nodiscard]] bool has_room_for(const Id& client) const;
    void start(UnderWay request);
    void take(std::uint64_t ticket, const LineOutcome& outcome);
    void keep(UnderWay& done, const Answer& answer, Instant asked);
    void forget(std::uint8_t unit);
    void tell_of_write(const Id& client, std::uint8_t unit, const Pdu& pdu);

    const Clock& clock_;
    Rules rules_;
    Hooks hooks_;
    Counters counters_;
    std::uint64_t next_ticket_ = 0;
    std::map<std::uint64_t, UnderWay> under_way_;
    std::deque<Kept> kept_;  ///< the oldest first
    std::map<std::pair<Id, std::uint8_t>, Instant> writes_told_;
    std::map<Id, std::shared_ptr<Instant>> paces_;
};

}  // namespace metergate::southbound::gateway

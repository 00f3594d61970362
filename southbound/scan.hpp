#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "gateway/model/time.hpp"
#include "southbound/identification.hpp"
#include "southbound/profile.hpp"
#include "southbound/request.hpp"

namespace metergate::southbound {

/// One way to talk on the wire: a speed and parity, or a TCP connection.
struct ScanWire {
    Duration character{};      ///< how long one takes; 0 on a network
    Duration reply_timeout{};  ///< of a probe, from the end of the request
};

struct ScanPlan {
    std::vector<ScanWire> wires;      ///< most usual first
    std::vector<std::uint8_t> units;  ///< 1..247, each once
    bool all_wires = false;           ///< go on with the others after devices were found
    std::vector<Profile> profiles;    ///< to identify by
};

struct ScanProgress {
    std::size_t wire = 0;
    bool second = false;    ///< by the second probe, who has not answered the first
    std::uint8_t unit = 0;  ///< asked last; 0 = none yet
    unsigned percent = 0;   ///< of what is to be done if nothing more answers
    Duration left{};        ///< estimate
    std::size_t found = 0;
};

/// Looks for devices: probes every unit on each wire by a read of one register (an exception is an
/// answer too), a second time by function 17, and identifies whoever answers while it goes on. At
/// the end of each round it listens for those who are late. The first probes go over all wires
/// before the second ones, so that a usual wire is found soon; once devices were found, the second
/// probe is done on their wire and the others are left, unless all are wanted. Says what to ask and
/// takes outcomes. Pure: knows no line; one thread.
class Scan {
  public:
    /// Not before this may a unit be asked again; as of a Line.
    using MutedUntil = std::function<Instant(std::uint8_t unit)>;
    struct Turn {
        std::optional<Request> request;  ///< to be asked now on wire()
        Instant at = never;              ///< no request: ask again then
    };

    explicit Scan(ScanPlan plan);

    [[nodiscard]] bool done() const { return passes_.empty() && open_.empty(); }
    /// On which of the wires to ask; changes only inside next().
    [[nodiscard]] std::size_t wire() const { return wire_; }
    /// What comes next. Each request handed out is answered by one take().
    [[nodiscard]] Turn next(Instant now, const MutedUntil& muted_until);
    void take(const Result<Reply>& outcome);
    /// Bytes came after the last outcome although nothing was asked: a second reply, or a late one.
    void heard_unasked();
    /// Somebody is late: who has not answered on this wire is asked again, with more time.
    void heard_late() { late_wires_.insert(wire_); }
    /// The wire cannot be used (its port refuses the speed): go on with the next one.
    void skip_wire();

    /// Everybody found by now, in the order of wire and unit.
    [[nodiscard]] std::vector<FoundDevice> found() const;
    [[nodiscard]] ScanProgress progress(Instant now) const;

  private:
    struct Pass {
        std::size_t wire = 0;
        std::size_t probe = 0;
    };
    /// Somebody who is being identified.
    struct Open {
        std::size_t wire = 0;
        Identification identification;
    };

    [[nodiscard]] std::optional<Request> next_question(Instant now, const MutedUntil& muted_until,
                                                       Instant& at);
    [[nodiscard]] std::optional<Request> next_probe(Instant now, const MutedUntil& muted_until,
                                                    Instant& at);
    [[nodiscard]] Instant listen_on(Instant now);
    void end_pass();
    void change_wire();
    void close_finished();
    [[nodiscard]] Request request_to(std::uint8_t unit, Pdu pdu, Duration timeout) const;
    [[nodiscard]] bool is_known(std::uint8_t unit) const;
    [[nodiscard]] Duration cost_of(std::size_t wire) const;
    [[nodiscard]] Duration cost_left() const;

    ScanPlan plan_;
    std::deque<Pass> passes_;  ///< the front one is under way
    std::size_t at_ = 0;       ///< its next unit
    std::size_t wire_ = 0;
    std::optional<Instant> listen_until_;  ///< set: all units of the pass were asked
    std::set<std::size_t> late_wires_;     ///< where somebody answers late
    std::deque<Open> open_;
    std::vector<FoundDevice> closed_;
    std::set<std::pair<std::size_t, std::uint8_t>> known_;  ///< wire and unit that answered
    // What is under way or was asked last.
    std::uint8_t unit_ = 0;
    bool probing_ = false;
    Pdu asked_;
    bool answered_ = false;  ///< the last outcome was one: listen a moment for another
    std::uint8_t answered_by_ = 0;
    std::optional<Instant> begun_;
    Duration cost_done_{};
};

}  // namespace metergate::southbound

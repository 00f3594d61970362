#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

#include "gateway/model/time.hpp"
#include "southbound/read_plan.hpp"

namespace metergate::southbound {

/// What one poll found out about which registers a panel serves.
struct ServedAndRefused {
    std::vector<RegisterSpan> served;
    /// Refused as not there or not allowed. Each was split and its parts asked for as well, down to
    /// single values.
    std::vector<RegisterSpan> refused;
};

/// Which registers a panel refuses to be asked for at once: a value it does not have, or
/// neighbours with something between them that cannot be read. A plan leaves these out, so that
/// the rest of the panel goes on, and one request does.
///
/// An exception may be born of noise or of a panel that has just started, so a refusal is believed
/// only when several polls in a row found it, when the panel served something else in each of them,
/// and never of what this meter has served since it said who it is. What is believed is still asked
/// for again, after one minute, two, four, and so on to an hour, since energy that a panel was slow
/// to serve must not be missing for long; and as soon as there was any doubt about the meter. One
/// answer ends it.
///
/// Pure; time is passed in. One thread.
class RefusedRegisters {
  public:
    static constexpr unsigned polls_to_believe = 3;
    static constexpr Duration retry_wait_min = std::chrono::minutes{1};
    static constexpr Duration retry_wait_max = std::chrono::hours{1};

    /// Takes what a poll found. True: banned() is another.
    [[nodiscard]] bool take(const ServedAndRefused& found, Instant now);
    /// Something went wrong on the way to the panel: what is banned is to be tried again, what was
    /// served proves nothing any more.
    void doubt();
    /// Another meter answers.
    void forget();

    /// Spans that no request may contain; none contains another.
    [[nodiscard]] std::vector<RegisterSpan> banned() const;
    /// Those that are to be asked for again, each alone; at most so many.
    [[nodiscard]] std::vector<RegisterSpan> to_retry(Instant now, std::size_t at_most) const;

  private:
    struct Suspect {
        RegisterSpan span;
        unsigned polls = 0;
    };
    struct Ban {
        RegisterSpan span;
        Instant retry_at;
        Duration wait = retry_wait_min;  ///< before the retry under way
    };

    [[nodiscard]] bool take_served(const RegisterSpan& span);
    [[nodiscard]] bool take_refused(const RegisterSpan& span, Instant now);
    void ban(const RegisterSpan& span, Instant now);

    std::vector<RegisterSpan> served_;  ///< since the last doubt; none contains another
    std::vector<Suspect> suspects_;
    std::vector<Ban> bans_;
};

/// Those of the refused spans that explain all others: no smaller one lies inside them.
[[nodiscard]] std::vector<RegisterSpan> smallest_of(std::span<const RegisterSpan> refused);

}  // namespace metergate::southbound

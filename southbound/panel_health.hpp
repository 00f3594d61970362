#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/model/ids.hpp"
#include "southbound/line.hpp"
#include "southbound/reply_time.hpp"

namespace metergate::southbound {

enum class PanelState : std::uint8_t {
    starting,  ///< never answered so far
    ok,
    failing,  ///< the last poll failed
    lost,     ///< failed several times: only probed now and then
};

/// `starting`, `ok`, `failing`, `lost`.
[[nodiscard]] std::string_view name_of(PanelState state);

/// How a panel is doing, for people.
struct PanelStatus {
    PanelNumber number{};
    Id id;
    PanelState state = PanelState::starting;
    std::string serial;  ///< as read; empty = not known
    std::string device;  ///< what it says of itself, where its registers are; empty = nothing
    std::optional<Instant> last_good;  ///< when its last reading was asked for
    std::uint64_t replies = 0;
    std::uint64_t timeouts = 0;
    std::uint64_t bad_frames = 0;
    std::uint64_t refusals = 0;
    std::uint64_t skipped_polls = 0;  ///< the line was too busy
    double reply_mean_ms = 0;  ///< request's end to reply's end, over the last dozens of replies
    /// Until its replies begin, over the last hundreds; nothing before the first.
    std::optional<ReplySpread> reply_spread{};
    Duration reply_timeout{};  ///< so long is waited for its next reply to begin
    Duration gap{};            ///< so long it is left in peace after a reply: learned
    std::string problem;       ///< the newest trouble; empty = none
    /// How far its own clock was ahead of ours when it was last looked at; nothing: it was not, or
    /// the panel does not know the time.
    std::optional<std::chrono::milliseconds> clock_ahead{};
};

/// How one panel has been answering, and so when it is to be asked next: at its period while it
/// answers, once more soon after a failure, with growing pauses once it is lost. Pure; time is
/// passed in.
class PanelHealth {
  public:
    static constexpr unsigned failures_to_lost = 3;
    static constexpr Duration retry_wait = std::chrono::seconds{1};
    static constexpr Duration probe_wait_min = std::chrono::seconds{5};
    static constexpr Duration probe_wait_max = std::chrono::seconds{60};

    /// The first poll is due at `first_due`; `never` for a panel of which nothing is read.
    PanelHealth(Instant first_due, ReplyTime reply_time)
        : reply_time_(reply_time), due_(first_due) {}

    /// Of a lost panel: when it may be probed.
    [[nodiscard]] Instant wanted_at() const;
    /// When its last poll began; the zero of time before the first.
    [[nodiscard]] Instant asked_at() const { return asked_at_; }
    /// A poll begins now. Returns true if it is an early retry after a failure.
    bool begin_poll(Instant now, Duration period);
    /// The poll was cut short through no fault of the panel: it is wanted as soon as possible.
    void poll_cut_short(Instant now) { retry_ = now; }
    /// The line was down: polls missed meanwhile are not made up for.
    void line_back(Instant now);

    /// `on_wire`: what the characters of the reply took, if there is one.
    void count(const Result<RegisterReply>& outcome, Duration on_wire);
    /// A reading came. Returns true if the panel was lost until now.
    bool good(Instant asked);
    /// A poll failed. Returns true if that makes the panel lost.
    bool failed(Instant now, UtcTime utc, bool was_retry);
    /// All of a poll was answered.
    void poll_answered() { reply_time_.poll_answered(); }
    void set_problem(std::string problem) { status_.problem = std::move(problem); }

    /// How long to wait for the next reply to begin, in a poll.
    [[nodiscard]] Duration reply_timeout() const { return reply_time_.timeout(); }
    [[nodiscard]] std::optional<ReplySpread> reply_spread() const { return reply_time_.spread(); }
    /// Without number, id, serial, device, spread, timeout and gap.
    [[nodiscard]] const PanelStatus& status() const { return status_; }
    [[nodiscard]] PanelState state() const { return status_.state; }
    [[nodiscard]] unsigned failures() const { return failures_; }
    /// When the failures in a row began.
    [[nodiscard]] UtcTime failing_since() const { return failing_since_; }

  private:
    PanelStatus status_;
    ReplyTime reply_time_;
    Instant due_;  ///< next regular poll
    Instant retry_ = never;
    Instant asked_at_{};
    Duration back_off_ = probe_wait_min;
    unsigned failures_ = 0;
    UtcTime failing_since_{};
};

}  // namespace metergate::southbound

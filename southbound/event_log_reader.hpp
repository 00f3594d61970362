#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "gateway/model/panel_events.hpp"
#include "southbound/panel_driver.hpp"
#include "southbound/register_book.hpp"

namespace metergate::southbound {

/// Reads what is new in one panel's event log: who it is, which events it keeps, those after the
/// mark, and at last again who it is. A meter that is seen for the first time is not asked for what
/// happened before: its log is taken over from its newest event on.
///
/// Each event tells its own number, so that another master who moves the panel's window is noticed.
/// An event that has not ended is waited for, an hour at most by the panel's own stamps: what is
/// taken over is never changed later. The stamps are the panel's, right or wrong as its clock is.
///
/// Knows no wire: whoever has one asks request() and hands over what came of it, until it is done.
/// Any error ends it; what was read until then is of no use. One thread: its line's.
class EventLogReader {
  public:
    static constexpr std::size_t events_at_once = 64;

    /// The driver's profile has an event log, and the driver outlives the reader. `mark`: how far
    /// the log was read before; nothing = not at all.
    EventLogReader(const PanelDriver& driver, std::optional<PanelEventMark> mark);

    [[nodiscard]] bool is_done() const { return requests_.empty(); }
    /// Unless done.
    [[nodiscard]] const Request& request() const { return requests_.front().request; }
    /// What came of request(), at `now` by our clock.
    void take(const Result<Reply>& outcome, UtcTime now);

    /// Once done: what is new. Error: as of the requests; damaged or busy, if the log says what
    /// cannot be.
    [[nodiscard]] const Result<PanelEvents>& result() const { return result_; }
    /// Once done: nothing that can be taken now is left.
    [[nodiscard]] bool is_complete() const { return complete_; }

  private:
    enum class Stage : std::uint8_t { identity, extent, events, again };
    struct Asked {
        Request request;
        std::optional<RegisterSpan> span;  ///< what its reply holds; none for a write
    };

    void fail(const Error& error);
    void begin(Stage stage);
    void ask(const std::vector<RegisterSpan>& wanted);
    void ask_identity(Stage stage);
    void finish_stage(UtcTime now);
    void take_extent();
    void read_events(std::uint32_t first);
    void take_events(UtcTime now);
    void end_of_events();
    void take_again();
    [[nodiscard]] std::optional<std::uint64_t> identity_read();
    [[nodiscard]] const ProfileEventLog& log() const { return *driver_->profile().event_log; }
    [[nodiscard]] RegisterField placed(RegisterField field, std::uint32_t number) const;
    [[nodiscard]] std::uint64_t bits(const RegisterField& field, std::uint32_t number) const;
    [[nodiscard]] std::optional<Event> event_of(std::uint32_t number, UtcTime now) const;
    [[nodiscard]] bool is_still_going_on(std::uint32_t number) const;

    const PanelDriver* driver_;
    std::optional<PanelEventMark> mark_;
    Stage stage_ = Stage::identity;
    std::deque<Asked> requests_;  ///< of this stage; the first is under way
    RegisterBook book_;           ///< of this stage
    std::uint64_t identity_ = 0;
    std::uint32_t newest_ = 0;
    std::uint32_t first_ = 0;  ///< of those being read
    std::uint32_t last_ = 0;
    UtcSeconds panel_time_;  ///< by its own clock
    PanelEvents found_;
    bool complete_ = false;
    Result<PanelEvents> result_ = Error{Fault::busy, "not read yet"};
};

}  // namespace metergate::southbound

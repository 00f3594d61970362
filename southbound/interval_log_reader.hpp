#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/model/panel_log.hpp"
#include "southbound/interval_log_layout.hpp"
#include "southbound/panel_clock.hpp"
#include "southbound/panel_driver.hpp"

namespace metergate::southbound {

/// Reads slots of one panel's interval log: who it is, what it keeps and what time it has, one slot
/// after the other, and at last again who it is and what it keeps. Slots count only if that is the
/// same meter and they were not overwritten meanwhile.
///
/// A slot's stamp is believed if it is where a clock that nobody has set would have put it, counted
/// from the newest slot, which must be of just now: what was logged before a clock was set may have
/// been stamped by a wrong one. Reading stops at the first slot that is not so; where the order
/// says so, it begins behind the last of them.
///
/// A log that counts from the oldest slot kept has no number for a slot without power, so that a
/// clock that was set back can hide an outage as long as that: slots before it then seem regular,
/// and are not. It is therefore only read onward from a known register, which such slots contradict
/// (metering::repair), never back from the newest.
///
/// Knows no wire: whoever has one asks request() and hands over what came of it, until it is done.
/// What brought no whole reply is asked again twice. Others may move the panel's window at any
/// time: a slot is taken if its number was still shown after its values were read. One thread: its
/// line's.
class IntervalLogReader {
  public:
    /// `setup` and `profile` are the panel's; a profile without a log answers not_found at once.
    IntervalLogReader(const PanelSetup& setup, const Profile& profile, const LogOrder& order);

    [[nodiscard]] bool is_done() const { return requests_.empty(); }
    /// Unless done.
    [[nodiscard]] const Request& request() const { return requests_.front().request; }
    /// How long to wait before request() is sent: the panel needs time to show a slot.
    [[nodiscard]] Duration pause() const { return pause_; }
    /// What came of request(), and the civil time when it had left the wire.
    void take(const Result<Reply>& outcome, UtcTime asked_utc);
    /// Once done.
    [[nodiscard]] const LogAnswer& answer() const { return answer_; }

  private:
    enum class Stage : std::uint8_t { identity, extent, newest, search, slots, recount, again };
    struct Asked {
        Request request;
        std::optional<RegisterSpan> span;  ///< what its reply holds; none for a write
    };

    void fail(const Error& error);
    void begin(Stage stage) {
        stage_ = stage;
        book_.clear();
    }
    void finish_stage();
    void ask(const std::vector<RegisterSpan>& spans);
    void ask_in_window(std::uint32_t number, const std::vector<RegisterSpan>& spans);
    [[nodiscard]] std::vector<RegisterSpan> identity_spans() const;

    /// Nothing: it failed.
    [[nodiscard]] std::optional<std::uint64_t> identity_read();
    void take_identity();
    void take_extent();
    [[nodiscard]] std::optional<Error> fault_of_clock();
    void take_newest();
    /// When the slot ended, by UTC; nothing: what stands there is no time.
    [[nodiscard]] std::optional<UtcSeconds> end_read(std::uint32_t number) const;
    /// When the slot ended, if no clock was set since.
    [[nodiscard]] UtcSeconds regular_end(std::uint32_t number) const {
        return newest_end_ - (newest_ - number) * answer_.length;
    }
    [[nodiscard]] bool is_wanted(std::uint32_t number) const;
    void read_slot(std::uint32_t number);
    void take_slot();
    /// Halves what may be the first slot that can be used: those before a clock was set cannot.
    void search();
    void take_search();
    void end_of_slots(bool complete);
    /// Where slots are counted from the oldest one kept, each that is given up moves the others:
    /// what seemed not to be in the log may have been there, under another number.
    void take_recount();
    void read_again();
    void take_again();
    /// Whether the window shows what was asked for; if not, it is asked for again, a few times.
    [[nodiscard]] bool is_shown(const std::vector<RegisterSpan>& spans);

    IntervalLogLayout layout_;
    PanelSetup setup_;
    Profile profile_;
    LogOrder order_;
    LogAnswer answer_;

    Stage stage_ = Stage::identity;
    std::deque<Asked> requests_;  ///< of this stage; the first is under way
    int failures_ = 0;            ///< of the first, in a row
    RegisterBook book_;           ///< of this stage
    UtcTime clock_asked_;         ///< when the request with the panel's clock had left

    std::chrono::minutes zone_{};  ///< of the panel's clock
    std::uint32_t oldest_ = 0;
    std::uint32_t newest_ = 0;
    UtcSeconds newest_end_;
    std::uint32_t number_ = 0;      ///< of the slot that is being read
    std::uint32_t not_usable_ = 0;  ///< the newest slot that is known not to be
    std::uint32_t usable_ = 0;      ///< the oldest one that is known to be
    int not_shown_ = 0;             ///< so often in a row the window showed another one
    Duration pause_{};
    std::chrono::milliseconds awaited_{};  ///< so long already, for the slot to be shown
    std::vector<std::pair<std::uint32_t, LoggedSlot>> read_;
};

}  // namespace metergate::southbound

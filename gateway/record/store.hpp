#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/model/panel_events.hpp"
#include "gateway/model/record.hpp"
#include "gateway/model/result.hpp"
#include "gateway/model/series.hpp"

/// What the recorder and the deliveries need from a store. `storage` implements these; `northbound`
/// uses BatchSource and CursorStore.
namespace metergate::record {

/// Permanent numbers of what the settings name. Looked up, or given out once and for ever.
struct Numbering {
    struct PointEntry {
        Id id;
        PointNumber number{};
    };
    struct PanelEntry {
        Id id;
        PanelNumber number{};
        std::vector<PointEntry> points;  ///< in the order asked
    };
    std::vector<PanelEntry> panels;  ///< in the order asked
    std::vector<std::pair<Series, SeriesNumber>> series;
};

struct NumberingRequest {
    struct Panel {
        Id id;
        std::vector<Id> points;
    };
    std::vector<Panel> panels;
    std::vector<Series> series;
};

/// What is known of a register chain between runs. A chain is one meter's register from its first
/// reading to its last; its records add up to its register difference.
struct ChainState {
    PointNumber point{};
    SeriesNumber series{};
    std::uint64_t identity = 0;  ///< of the meter; 0 = unknown
    UtcSeconds opened;           ///< first known moment and register of the chain
    Milli opened_register = 0;
    UtcSeconds edge;  ///< last known edge (or `opened`) and the register there: the baseline
    Milli edge_register = 0;
    UtcSeconds closed_through;  ///< newest end of any of the chain's records, missing ones included
    Flags open_flags{};         ///< what is known so far of the record that will begin at `edge`

    bool operator==(const ChainState&) const = default;
};

/// A register reading worth keeping over a clean stop, so that an edge during a short restart is
/// interpolated as if nothing had happened.
struct LastReading {
    PointNumber point{};
    Quantity quantity{};
    UtcTime at;
    Milli reg = 0;

    bool operator==(const LastReading&) const = default;
};

/// How far a destination has got. The store keeps the furthest.
struct CursorMove {
    Id destination;
    BatchSeq through{};

    bool operator==(const CursorMove&) const = default;
};

/// A receiver behind a destination says that it has all batches of a panel up to a number, safe on
/// its own disk. Only for the present epoch; never backward and never beyond the newest number.
struct Receipt {
    Id destination;
    std::string receiver;  ///< as it calls itself
    PanelNumber panel{};
    Epoch epoch{};
    std::uint64_t through = 0;  ///< 0: it has none yet, and waits for all
    UtcSeconds heard;           ///< when it last said so; by the store, to the hour

    bool operator==(const Receipt&) const = default;
};
/// A receiver that lacks batches of a panel and says nothing of it for so long holds the purge up
/// no longer.
inline constexpr std::chrono::days receiver_silence_max{30};

/// All that one transaction writes. Batches come without seq, number and revision: the store gives
/// them. An event is carried by the next batch of its panel, in this commit or a later one.
struct Commit {
    std::vector<Batch> batches;      ///< `records` and `end`, `panel`; `events` empty
    std::vector<Event> events;       ///< without seq and occurrence
    std::vector<ChainState> chains;  ///< opened, closed or entering a gap: replaces what was stored
    std::vector<CursorMove> cursors;
    std::vector<Receipt> receipts;
    std::vector<PanelEventMark> panel_marks;  ///< replaces that of the panel
    std::vector<LastReading> last_readings;   ///< replaces all stored ones if `clean_stop`
    bool clean_stop = false;

    [[nodiscard]] bool empty() const {
        return batches.empty() && events.empty() && chains.empty() && cursors.empty() &&
               receipts.empty() && panel_marks.empty() && !clean_stop;
    }
};

/// What the last run left behind.
struct Restart {
    bool clean_stop = false;  ///< false after a power cut or kill, and for a new store
    bool new_store = false;
    std::vector<ChainState>
        chains;  ///< newest baseline of each chain, from its row or its last record
    std::vector<LastReading> last_readings;
    std::vector<PanelEventMark> panel_marks;
    std::optional<UtcSeconds> newest_end;  ///< of any record: the clock cannot be before it
};

/// The writing side. One object, one thread: the recorder's. Every method may fail with `full`
/// (disk), `damaged` or `disconnected` (I/O); nothing of a failed commit is kept, and the same
/// commit may be tried again.
class Store {
  public:
    virtual ~Store() = default;

    [[nodiscard]] virtual Epoch epoch() const = 0;
    [[nodiscard]] virtual Result<Numbering> number(const NumberingRequest& request) = 0;
    [[nodiscard]] virtual Result<Restart> restart_state() = 0;
    /// One transaction. Returns the seq of the newest batch after it.
    [[nodiscard]] virtual Result<BatchSeq> commit(const Commit& commit) = 0;
    /// The current LONG records with a value of the panel's points that end within (after,
    /// through]: those that stand for gaps. In order of end, point and series, at most `count_max`.
    [[nodiscard]] virtual Result<std::vector<Record>> long_records(PanelNumber panel,
                                                                   UtcSeconds after,
                                                                   UtcSeconds through,
                                                                   std::size_t count_max) = 0;
    /// The current MISSING records of the panel's points that end within [from, through], but those
    /// of which its own log tells that they are: slots that a log may still have. In order of end,
    /// point and series.
    [[nodiscard]] virtual Result<std::vector<Record>> unread_records(PanelNumber panel,
                                                                     UtcSeconds from,
                                                                     UtcSeconds through) = 0;
};

struct BatchPage {
    std::vector<Batch> batches;  ///< in order of seq
    BatchSeq through{};          ///< newest seq looked at: the cursor to continue from
};

/// The reading side of a delivery. One object per delivery, used on that delivery's thread.
class BatchSource {
  public:
    virtual ~BatchSource() = default;

    [[nodiscard]] virtual Epoch epoch() const = 0;
    /// Batches after `cursor`, whole, oldest first, at most `count_max`. Purged ones are skipped.
    [[nodiscard]] virtual Result<BatchPage> after(BatchSeq cursor, std::size_t count_max) = 0;
    [[nodiscard]] virtual Result<BatchSeq> newest() = 0;

    /// Batches of one panel by number.
    struct NumberRange {
        PanelNumber panel{};
        std::uint64_t from = 1;
        std::uint64_t to = 0;  ///< inclusive; may lie beyond the newest
    };
    struct NumberedPage {
        std::vector<Batch> batches;        ///< in order of number, at most as many as asked
        std::uint64_t through = 0;         ///< to be continued after this number
        std::uint64_t purged_through = 0;  ///< newest number of the range that is purged; 0 = none
        bool complete = false;             ///< nothing of the range is left
    };
    [[nodiscard]] virtual Result<NumberedPage> by_number(const NumberRange& range,
                                                         std::size_t count_max) = 0;
    /// Numbers of the panel's batches that end within [from, to], purged ones too; ascending.
    /// Error: refused if there are more than `count_max`.
    [[nodiscard]] virtual Result<std::vector<std::uint64_t>> numbers_by_end(
        PanelNumber panel, UtcSeconds from, UtcSeconds to, std::size_t count_max) = 0;

    /// Per panel: oldest number still kept and newest number given out, for the status message.
    struct PanelSpan {
        PanelNumber panel{};
        std::uint64_t oldest_kept = 0;
        std::uint64_t newest = 0;
    };
    [[nodiscard]] virtual Result<std::vector<PanelSpan>> spans() = 0;
};

/// Where deliveries keep their place and the receipts of their receivers. `move` and `keep` return
/// at once; the recorder writes with its next commit, within about a second. A lost move only means
/// that batches are sent again.
class CursorStore {
  public:
    virtual ~CursorStore() = default;

    /// The stored cursor; nothing if the destination is new. Called before the delivery's thread
    /// starts.
    [[nodiscard]] virtual Result<std::optional<BatchSeq>> load(const Id& destination) = 0;
    /// What the receivers of a destination have said; called as `load` is.
    [[nodiscard]] virtual Result<std::vector<Receipt>> load_receipts(const Id& destination) = 0;
    /// Any thread.
    virtual void move(const CursorMove& move) = 0;
    virtual void keep(const Receipt& receipt) = 0;
};

}  // namespace metergate::record

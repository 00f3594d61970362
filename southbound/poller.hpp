#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/clock.hpp"
#include "gateway/model/event.hpp"
#include "gateway/model/reading.hpp"
#include "southbound/block_run.hpp"
#include "southbound/edge_train.hpp"
#include "southbound/guest_queue.hpp"
#include "southbound/learned_gap.hpp"
#include "southbound/line.hpp"
#include "southbound/line_load.hpp"
#include "southbound/panel_driver.hpp"
#include "southbound/panel_health.hpp"
#include "southbound/schedule.hpp"
#include "southbound/wire_share.hpp"

namespace metergate::southbound {

/// Where a poller's findings go. Called on its line's thread, inside step().
struct Sinks {
    std::function<void(Reading)> reading;  ///< one per block read: all its values are of one moment
    std::function<void(Event)> event;  ///< clock_ok is left true: whoever knows better corrects it
};

/// All quantities of one panel, read on request.
struct PanelRead {
    std::vector<Reading> readings;  ///< one per block
    std::string device{};           ///< what the panel says of itself; empty = nothing
};
using ReadAnswer = std::function<void(Result<PanelRead>)>;

/// Polls the panels of one line, and lets others use it. Stepped; lives on its line's thread.
///
/// At each request boundary one of three kinds of work goes on. What people ask comes first, but
/// polls that would then miss their period keep three quarters of the wire. Then the polls that are
/// due, by their deadlines. Then guests: only while every poll would still end within its period if
/// they were answered at the last moment, and with up to 5 % of the wire once they have waited for
/// a second. Around each interval edge the registers of all panels are read once more just before
/// and just after it (EdgeTrain), before all else, and nothing begins that would be in the way.
///
/// A panel that fails costs the line one timeout, and is not asked again before its line unmutes
/// it. A block that a panel refuses because of its registers is asked for in smaller parts in the
/// same poll, so that only the values that are not there are missing. After three failed polls it
/// is lost: one event, then one probe at 5 s, 10 s, ... 60 s, and later than that if all probes
/// together would take more than 2 % of the line's time: then the one that was longest without
/// comes first. A panel that answers waits for one other at most that does not, and never for two
/// in a row. While the line itself is down nothing is held against its panels.
class Poller {
  public:
    static constexpr std::size_t reads_waiting_max = 8;

    /// `edges` tells where the intervals end that are made of the readings.
    Poller(const Clock& clock, Line& line, Id line_id, std::vector<PanelDriver> panels, Sinks sinks,
           EdgeClock edges = {});

    /// Does what is due; returns when it next wants to run.
    Instant step();

    /// Reads all of a panel at the next request boundary. At most 8 wait, then the answer is busy;
    /// of an unknown panel not_found; while the line is down the line's fault. The answer is called
    /// inside this or a later step().
    void request_read(std::string_view panel, ReadAnswer answer);

    /// Asks a panel of this line for anything, below metering. Its late limit and silence are at
    /// least those of its profile. The answer is called inside this or a later step(), at once if
    /// the request is refused: who asks again inside an answer that is an error may never come out.
    void request_guest(GuestRequest guest);
    /// Inside the answer to a guest: the Modbus exception that its panel gave; 0 if it gave none,
    /// whatever others were told before.
    [[nodiscard]] std::uint8_t exception_code() const { return guest_exception_code_; }

    /// Begins to end: lets the request under way finish, so that its reply is not taken for another
    /// one's later, starts no more, and refuses reads. step() goes on until at_rest().
    void rest();
    [[nodiscard]] bool at_rest() const { return resting_ && (line_.ready() || line_.fault()); }
    /// Until then replies to what this poller asked may still come.
    [[nodiscard]] Instant quiet_from() const;

    [[nodiscard]] std::vector<PanelStatus> status() const;
    /// Why the line is down; nothing while it is up.
    [[nodiscard]] const std::optional<Error>& line_fault() const { return line_.fault(); }
    [[nodiscard]] const LineCounters& line_counters() const { return line_.counters(); }
    [[nodiscard]] WireState wire_state() const { return line_.wire_state(); }
    [[nodiscard]] LineLoad load() const;
    [[nodiscard]] const Id& line_id() const { return line_id_; }
    [[nodiscard]] std::size_t panel_count() const { return panels_.size(); }
    [[nodiscard]] const PanelDriver& driver(std::size_t panel) const {
        return panels_.at(panel).driver;
    }

  private:
    enum class Lane : std::uint8_t { poll, edge, read, guest };
    struct Job {
        Job();
        Lane lane = Lane::poll;
        std::size_t panel = 0;
        BlockRun blocks;                           ///< planned once the identity is known
        std::optional<std::uint64_t> plan_number;  ///< of the driver, when they were planned
        bool identity_asked = false;               ///< the request under way asks for the identity
        bool is_probe = false;    ///< the panel is lost, and has served nothing yet
        bool was_steady = false;  ///< a poll that was expected to be answered
        bool is_retry = false;    ///< early, after a failure: a failure of this one waits its turn
        unsigned good = 0;
        Duration on_wire{};          ///< what its requests for values took
        Duration on_wire_at_edge{};  ///< those of them that an edge needs
        ReadAnswer answer;           ///< of a read on request
        std::vector<Reading> readings;
        std::optional<Error> refusal;  ///< the first; one of another kind than registers above all
        bool refusal_is_of_registers = false;
    };
    struct Panel {
        PanelDriver driver;
        PanelHealth health;
        LearnedGap gap;
        std::optional<Job> poll{};  ///< under way: others may be asked while it is left in peace
        std::optional<Instant> replied{};  ///< the end of its last reply
        PollCost cost{};
        PollCost edge_cost{};    ///< of what is read of it at an interval edge
        Duration request_max{};  ///< what a request of a poll has lately taken at most
        std::size_t next_in_turn = 0;
        std::string reported_serial{};
    };
    /// What is being read, block by block.
    struct WaitingRead {
        std::size_t panel = 0;
        ReadAnswer answer;
    };

    void watch_line();
    void fail_everything(const Error& error);
    void doubt_everybody();
    [[nodiscard]] bool start_next();
    [[nodiscard]] bool start_edge_read();
    [[nodiscard]] bool begin_edge_read();
    [[nodiscard]] std::vector<EdgeRider> riders() const;
    [[nodiscard]] bool must_wait_for_edge(Duration cost);
    [[nodiscard]] Duration request_cost(std::size_t panel) const;
    [[nodiscard]] bool reads_may_delay_polls();
    [[nodiscard]] bool start_read();
    [[nodiscard]] bool start_poll();
    [[nodiscard]] const GuestRequest* next_guest();
    [[nodiscard]] Instant guest_owed_at() const;
    [[nodiscard]] bool fits(const GuestRequest& guest) const;
    [[nodiscard]] bool start_guest(bool is_owed);
    [[nodiscard]] std::optional<Error> refusal_of(const Request& request) const;
    [[nodiscard]] std::size_t place_of_unit(std::uint8_t unit) const;
    [[nodiscard]] bool resume(std::optional<Job>& job);
    [[nodiscard]] bool begin_waiting_read();
    [[nodiscard]] std::optional<std::size_t> begin_due_poll();
    void start(std::size_t panel, const Request& request);
    void learn_gap(const Result<Reply>& outcome);
    [[nodiscard]] Instant next_start() const;
    [[nodiscard]] std::vector<PanelTurn> turns() const;
    [[nodiscard]] PanelTurn turn_of(std::size_t place) const;
    [[nodiscard]] Instant due_at(const Panel& panel) const;
    [[nodiscard]] Instant free_at(std::size_t panel) const;
    [[nodiscard]] std::optional<std::size_t> poll_to_go_on() const;
    [[nodiscard]] std::vector<SharedBlock> blocks_for(const Job& job) const;
    [[nodiscard]] std::optional<Job>& job_of(Lane lane);

    void handle(const Result<Reply>& outcome);
    void handle_registers(std::optional<Job>& job, const Result<RegisterReply>& outcome);
    void handle_guest(const Result<Reply>& outcome);
    void note_cost(Job& job, Duration taken);
    void cut_short(std::size_t panel, const Error& error);
    void handle_reply(Job& job, const RegisterReply& reply);
    void handle_identity(Job& job, const RegisterReply& reply);
    void handle_refusal(Job& job, const Error& error);
    void fail_job(Job& job, const Error& error);
    void advance(Job& job);
    void finish_job(Job& job);
    void finish_poll(Panel& panel, const Job& done);
    void drop_jobs_of(std::size_t panel, const Error& error);
    void panel_failed(Panel& panel, const Error& error, bool was_retry);
    void report_serial(Panel& panel);

    const Clock& clock_;
    Line& line_;
    Id line_id_;
    std::vector<Panel> panels_;
    Sinks sinks_;
    std::optional<Job> read_;
    std::optional<Job> edge_;
    EdgeTrain edges_;
    Instant edge_read_at_ = never;  ///< when the next one is to begin, if that is soon
    bool waits_for_edge_ = false;   ///< something is due that would be in its way
    Schedule schedule_;
    WireShare probes_;
    WireShare reads_share_;
    WireShare guest_share_;
    WireUse wire_use_;
    std::size_t asked_ = 0;        ///< the panel whose request is, or was last, under way
    Instant started_{};            ///< when that was given to the line
    Lane under_way_ = Lane::poll;  ///< whose request is on the wire
    std::deque<WaitingRead> waiting_;
    bool read_is_owed_ = false;  ///< it takes the wire from polls that need it
    GuestQueue guests_;
    std::optional<GuestRequest> guest_;  ///< on the wire
    bool guest_is_owed_ = false;         ///< it came before polls
    std::uint8_t guest_exception_code_ = 0;
    bool resting_ = false;
    bool line_down_ = false;
    UtcTime line_down_since_{};
    std::uint64_t reopened_seen_ = 0;
};

}  // namespace metergate::southbound

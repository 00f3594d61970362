#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/model/clock.hpp"
#include "gateway/model/event.hpp"
#include "southbound/panel_parameter.hpp"
#include "southbound/poller.hpp"

namespace metergate::southbound {

/// The values that were asked for, or the one that was set. Errors beside those of
/// parameter_to_change(): not_found (no such panel), busy (too many wait), those of a request; of a
/// change refused (the panel keeps its seal closed, or holds another value afterwards).
using ParameterAnswer = std::function<void(Result<std::vector<ParameterValue>>)>;

struct ParameterOrder {
    Id panel;
    std::optional<ParameterChange> change;  ///< nothing: all are read
    ParameterAnswer answer;
};

/// Reads and sets the parameters of a line's panels as people ask, one after the other, as a guest
/// of the line's poller. What is set is read before and after: a change counts once the panel shows
/// it, also if its confirmation was lost, and is then told as an event with both values, unless the
/// parameter is free. Every order is answered. Stepped with the poller, on its line's thread.
class PanelParameters {
  public:
    static constexpr std::size_t waiting_max = 8;

    /// `event` and answers are called inside order(), step(), end() or a step of the poller.
    PanelParameters(const Clock& clock, Poller& poller, std::function<void(Event)> event);
    PanelParameters(const PanelParameters&) = delete;  // the poller's answers come back to this one
    PanelParameters& operator=(const PanelParameters&) = delete;
    ~PanelParameters() = default;

    void order(ParameterOrder order);
    /// Gives the poller the next request, if one is due. To be called before each Poller::step().
    void step();
    /// When step() wants to be called next. To be asked after each Poller::step().
    [[nodiscard]] Instant next_at() const;
    /// The line ends: answers all that is open.
    void end();

  private:
    enum class Stage : std::uint8_t { look, write, verify };
    struct Job {
        Job();
        ParameterOrder order;
        std::size_t panel = 0;
        std::vector<PanelParameter> parameters;  ///< of a change only that one
        Stage stage = Stage::look;
        std::deque<RegisterSpan> spans;  ///< still to be read; the first is next
        RegisterBook book;
        std::int64_t before = 0;       ///< of a change, once looked at
        std::optional<Error> unheard;  ///< why nothing is known of the write
        bool asked = false;            ///< the poller has its request
        Instant not_before{};
        Instant give_up{};
    };

    void begin(ParameterOrder order);
    void look(Stage stage);
    void ask();
    void take(const Result<Reply>& outcome);
    void take_fault(const Error& error);
    void take_registers(const RegisterReply& reply);
    void take_values();
    void judge(const ParameterValue& now);
    void finish(Result<std::vector<ParameterValue>> result);
    void tell(const ParameterValue& value);
    [[nodiscard]] const PanelDriver& driver() const { return poller_.driver(job_->panel); }

    const Clock& clock_;
    Poller& poller_;
    std::function<void(Event)> event_;
    std::deque<ParameterOrder> waiting_;
    std::optional<Job> job_;
};

}  // namespace metergate::southbound

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/differences.hpp"
#include "config/schema/settings.hpp"
#include "gateway/model/event.hpp"

namespace metergate::app {

/// What becomes of the lines, or of the destinations, by id.
struct PartsPlan {
    std::vector<Id> kept;     ///< run on: thread, port or connection, and pace stay as they are
    std::vector<Id> changed;  ///< stopped and made anew
    std::vector<Id> added;
    std::vector<Id> removed;

    /// Those to stop, and those to make.
    [[nodiscard]] std::vector<Id> ending() const;
    [[nodiscard]] std::vector<Id> beginning() const;
    bool operator==(const PartsPlan&) const = default;
};

/// What becomes of a part that there is once, or not at all.
enum class PartChange : std::uint8_t { off, kept, changed, added, removed };
[[nodiscard]] std::string_view name_of(PartChange change);

/// What a running daemon has to do to work by other settings. What becomes of the single panels is
/// the recorder's to decide: see record::Recorder::change_plan.
struct ApplyPlan {
    std::vector<config::Difference> differences;
    PartsPlan lines;
    PartsPlan destinations;
    PartChange modbus_gateway = PartChange::off;  ///< itself; lines that it reaches may change
    std::vector<std::string> refusals;  ///< a running daemon cannot do this; one sentence each
    std::vector<std::string> notes;     ///< what a person should know; one sentence each
};

/// Pure: the daemon and the scenarios in virtual time both act by it. Both settings are checked.
[[nodiscard]] ApplyPlan plan_apply(const schema::Settings& running, const schema::Settings& wanted);

/// An event `programming` for each difference that is sealed or logged, with old and new value.
[[nodiscard]] std::vector<Event> programming_events(
    const std::vector<config::Difference>& differences, UtcTime now);

}  // namespace metergate::app

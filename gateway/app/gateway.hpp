#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/schema/json.hpp"
#include "config/schema/settings.hpp"
#include "gateway/app/log.hpp"
#include "gateway/app/paths.hpp"
#include "gateway/app/reader_worker.hpp"
#include "gateway/model/clock.hpp"
#include "gateway/model/result.hpp"
#include "northbound/delivery.hpp"
#include "southbound/panel_parameters.hpp"
#include "southbound/poller.hpp"
#include "storage/installation.hpp"

namespace metergate::app {

/// The running daemon: every line, the recorder and every destination on a thread of its own. All
/// methods are the main thread's; answers that come later say on which thread.
class Gateway {
  public:
    struct Setup {
        schema::Settings settings;
        Paths paths;
        std::string
            settings_note;  ///< why the last good settings were used; empty if they were not
        /// What the last run worked by, if it is known: what differs since is taken over as by an
        /// apply.
        std::optional<schema::Settings> last_run;
        /// Has something run on the main thread, soon. Any thread.
        std::function<void(std::function<void()>)> on_main;
    };

    /// Other settings for a daemon that runs.
    struct ApplyRequest {
        std::string settings;          ///< the text of a settings file
        bool dry_run = false;          ///< only tells what would change
        std::vector<Id> drop_cursors;  ///< of destinations that are gone, and are to stay so
    };

    /// Opens the store and starts all threads. Errors: busy (another daemon runs), refused (the
    /// store was written by a newer program, no permission), full, and what else keeps the store
    /// from opening.
    [[nodiscard]] static Result<std::unique_ptr<Gateway>> start(Setup setup, const Clock& clock,
                                                                const Log& log);
    virtual ~Gateway() = default;

    /// Stops lines, then destinations, then the recorder, which stores what is decided. Within 5 s.
    virtual void stop() = 0;

    /// The name of a thread that has not moved for half a minute; nothing if all is well.
    [[nodiscard]] virtual std::optional<std::string> stuck_thread() const = 0;

    [[nodiscard]] virtual schema::Json status() const = 0;
    /// The newest events first. This and what else the store is asked for is read and answered on
    /// the reader's thread; errors: busy, and those of the store.
    virtual void events(std::size_t count_max, Asker asker) = 0;
    /// One page of a point's history: see history_page.hpp.
    virtual void history(const schema::Json& params, Asker asker) = 0;

    /// Reads a panel now. The answer comes on the line's thread; for an unknown line at once.
    virtual void read(const Id& line, const Id& panel, southbound::ReadAnswer answer) = 0;
    /// What such an answer says, by point. Any thread.
    [[nodiscard]] virtual schema::Json readings(const southbound::PanelRead& read) const = 0;

    /// Reads or sets parameters of a panel. The answer comes on the line's thread; for an unknown
    /// line at once.
    virtual void parameters(const Id& line, southbound::ParameterOrder order) = 0;

    /// Proves the way to a destination with a message marked as a test. The answer comes on the
    /// destination's thread; for an unknown one at once.
    virtual void test_destination(const Id& destination, northbound::TestAnswer answer) = 0;

    /// Records a change of meter. `done` runs on the recorder's thread; for an unknown point at
    /// once.
    using Done = std::function<void(Result<void>)>;
    virtual void change_out(const Id& point, storage::ChangeOut change, Done done) = 0;

    /// Checks the settings, saves them, and makes anew what they change; the rest runs on. `done`
    /// runs on the main thread, at once or later. Errors, after which nothing has changed: busy
    /// (another apply is under way), invalid (all problems, one a line), refused (only a start can
    /// do that, or the settings file cannot be written), and those of the store.
    using Applied = std::function<void(Result<schema::Json>)>;
    virtual void apply(ApplyRequest request, Applied done) = 0;

    /// The register of a point at a moment: exact at an edge, else between the two reads around it.
    virtual void read_at(const Id& point, UtcSeconds time, Asker asker) = 0;
};

}  // namespace metergate::app

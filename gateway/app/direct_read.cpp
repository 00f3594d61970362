#include "gateway/app/direct_read.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/app/catalogue.hpp"
#include "gateway/app/settings_source.hpp"
#include "gateway/app/site.hpp"
#include "gateway/app/status_json.hpp"
#include "gateway/app/waiter.hpp"
#include "southbound/poller.hpp"

namespace metergate::app {
namespace {

/// A slow line with a panel that answers late needs about this long.
constexpr Duration patience = std::chrono::seconds{30};

record::Directory directory_of(const schema::PanelSettings& panel, PanelNumber number) {
    record::Directory::Panel entry;
    entry.number = number;
    entry.id = panel.id;
    for (std::uint32_t i = 0; i < panel.points.size(); ++i) {
        record::Directory::Point point;
        point.number = point_number(number, i);
        point.id = panel.points[i].id;
        entry.points.push_back(std::move(point));
    }
    record::Directory directory;
    directory.panels.push_back(std::move(entry));
    return directory;
}

Result<southbound::PanelRead> read_with(southbound::Poller& poller, southbound::Line& line,
                                        const std::string& panel, const Clock& clock) {
    const Waiter waiter(clock);
    const Instant give_up = clock.now() + patience;
    // The wire opens first: a read asked of a closed line is refused at once.
    Instant next = poller.step();
    while (!line.ready() && !line.fault() && clock.now() < give_up) {
        waiter.wait(next, line.readable_fd());
        next = poller.step();
    }
    std::optional<Result<southbound::PanelRead>> answer;
    poller.request_read(panel, [&](Result<southbound::PanelRead> got) { answer = std::move(got); });
    while (!answer && clock.now() < give_up) {
        next = poller.step();
        if (!answer) {
            waiter.wait(next, line.readable_fd());
        }
    }
    if (!answer) {
        return Error{Fault::timeout, "panel " + panel + " was not read within 30 s"};
    }
    return std::move(*answer);
}

}  // namespace

Result<schema::Json> read_directly(const Paths& paths, const std::string& line_id,
                                   const std::string& panel_id) {
    auto settings = load_checked(paths);
    if (!settings) {
        return settings.error();
    }
    const auto line_settings =
        std::find_if(settings->lines.begin(), settings->lines.end(),
                     [&](const auto& candidate) { return candidate.id == line_id; });
    if (line_settings == settings->lines.end()) {
        return Error{Fault::not_found, "there is no line \"" + line_id + "\""};
    }
    const auto& panels = line_settings->panels;
    const auto panel = std::find_if(panels.begin(), panels.end(), [&](const auto& candidate) {
        return candidate.id == panel_id;
    });
    if (panel == panels.end()) {
        return Error{Fault::not_found, "line " + line_id + " has no panel \"" + panel_id + "\""};
    }
    line_settings->panels = std::vector<schema::PanelSettings>{*panel};
    auto plan = assemble_line(*line_settings);
    if (!plan) {
        return plan.error();
    }
    const SystemClock clock;
    const auto line = make_line(plan->settings, clock);
    southbound::Poller poller(clock, *line, line_id, std::move(plan->panels),
                              {.reading = [](const Reading&) {}, .event = [](const Event&) {}});
    const auto read = read_with(poller, *line, panel_id, clock);
    if (!read) {
        return read.error();
    }
    return readings_json(*read, directory_of(line_settings->panels.front(), PanelNumber{1}));
}

}  // namespace metergate::app

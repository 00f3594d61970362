#include "gateway/app/modbus_routes.hpp"

#include <map>
#include <utility>

#include "config/modbus_units.hpp"
#include "southbound/panel_request.hpp"
#include "southbound/profile.hpp"

namespace metergate::app {
namespace {

using southbound::gateway::Route;

/// Nothing for a profile that is not there, which the check of the settings refuses.
std::map<Id, Route> routes_by_panel(const schema::Settings& settings) {
    std::map<Id, Route> routes;
    for (const auto& line : settings.lines) {
        for (const auto& panel : line.panels) {
            const auto profile = southbound::profile_named(panel.profile);
            if (!profile) {
                continue;
            }
            const southbound::RegisterSpan any{southbound::Table::holding, 0, 1};
            Route route{line.id, panel.id,
                        southbound::panel_request(static_cast<std::uint8_t>(panel.address),
                                                  profile->limits, any)};
            route.request.pdu.clear();
            routes.emplace(panel.id, std::move(route));
        }
    }
    return routes;
}

}  // namespace

southbound::gateway::Routes modbus_routes(const schema::Settings& settings) {
    const std::map<Id, Route> by_panel = routes_by_panel(settings);
    southbound::gateway::Routes routes;
    for (const auto& [unit, panel] : config::modbus_units(settings)) {
        if (const auto found = by_panel.find(panel); found != by_panel.end()) {
            routes.emplace(static_cast<std::uint8_t>(unit), found->second);
        }
    }
    return routes;
}

}  // namespace metergate::app

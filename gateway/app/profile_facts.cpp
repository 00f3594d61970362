#include "gateway/app/profile_facts.hpp"

#include "gateway/metering/interval_grid.hpp"
#include "southbound/profile.hpp"

namespace metergate::app {
namespace {

config::ProfileFacts facts_of_profile(const southbound::Profile& profile) {
    config::ProfileFacts facts;
    facts.points = profile.points;
    // A profile of single meters lists its own inputs: nothing is wired to it by channel.
    facts.channels = profile.points > 1 ? profile.channels : 0;
    facts.clock_can_be_set = profile.clock && profile.clock->writable;
    if (profile.interval_log) {
        for (const southbound::LogValue& logged : profile.interval_log->values) {
            if (!logged.is_register) {
                facts.logged.push_back(logged.quantity);
            }
        }
    }
    for (const auto& quantity : profile.quantities) {
        if (facts_of(quantity.quantity).is_register) {
            facts.registers.push_back({quantity.quantity, profile.modulus_of(quantity.quantity)});
        }
        if (quantity.quantity == Quantity::energy_delivered) {
            facts.side = quantity.side;
        }
    }
    return facts;
}

}  // namespace

ProfileFactsBook::ProfileFactsBook() {
    for (const std::string& name : southbound::profile_names()) {
        if (const auto profile = southbound::profile_named(name)) {
            profiles_.emplace(name, facts_of_profile(*profile));
        }
    }
}

const config::ProfileFacts* ProfileFactsBook::profile(std::string_view name) const {
    const auto found = profiles_.find(name);
    return found == profiles_.end() ? nullptr : &found->second;
}

std::vector<std::string> ProfileFactsBook::profile_names() const {
    return southbound::profile_names();
}

bool ProfileFactsBook::zone_exists(std::string_view name) const {
    return metering::zone_exists(name);
}

}  // namespace metergate::app

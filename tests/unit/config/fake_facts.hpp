#pragma once

#include <map>
#include <string>

#include "config/facts.hpp"

namespace metergate::config {

/// Three profiles and two zones.
class FakeFacts final : public Facts {
  public:
    FakeFacts() {
        const RegisterFacts delivered{Quantity::energy_delivered, 1'000'000'000'000};
        profiles_["panel-24"] = {.points = 24,
                                 .channels = 48,
                                 .side = RegisterSide::secondary,
                                 .logged = {Quantity::energy_delivered},
                                 .clock_can_be_set = true,
                                 .registers = {delivered}};
        profiles_["panel-12"] = {.points = 12,
                                 .channels = 24,
                                 .side = RegisterSide::secondary,
                                 .logged = {},
                                 .registers = {delivered}};
        profiles_["meter-1"] = {.points = 1,
                                .channels = 0,
                                .side = RegisterSide::primary,
                                .logged = {},
                                .registers = {delivered, {Quantity::energy_received, {}}}};
    }

    [[nodiscard]] const ProfileFacts* profile(std::string_view name) const override {
        const auto at = profiles_.find(name);
        return at == profiles_.end() ? nullptr : &at->second;
    }
    [[nodiscard]] std::vector<std::string> profile_names() const override {
        std::vector<std::string> names;
        for (const auto& [name, facts] : profiles_)
            names.push_back(name);
        return names;
    }
    [[nodiscard]] bool zone_exists(std::string_view name) const override {
        return name == "UTC" || name == "America/Toronto";
    }

  private:
    std::map<std::string, ProfileFacts, std::less<>> profiles_;
};

}  // namespace metergate::config

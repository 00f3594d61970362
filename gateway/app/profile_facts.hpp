#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/facts.hpp"

namespace metergate::app {

/// What the built-in panel profiles and the machine's time zones mean to the check of the settings.
class ProfileFactsBook final : public config::Facts {
  public:
    ProfileFactsBook();
    [[nodiscard]] const config::ProfileFacts* profile(std::string_view name) const override;
    [[nodiscard]] std::vector<std::string> profile_names() const override;
    [[nodiscard]] bool zone_exists(std::string_view name) const override;

  private:
    std::map<std::string, config::ProfileFacts, std::less<>> profiles_;
};

}  // namespace metergate::app

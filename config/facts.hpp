#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/multiplier.hpp"
#include "gateway/model/quantity.hpp"

namespace metergate::config {

/// One register quantity of a panel profile.
struct RegisterFacts {
    Quantity quantity = Quantity::energy_delivered;
    std::optional<Milli> modulus;  ///< where it begins again at 0, before the multiplier
};

/// What the check of the settings needs to know of a panel profile.
struct ProfileFacts {
    int points = 0;
    int channels = 0;  ///< CT inputs a point can be wired to; 0 = the meter's inputs are fixed
    RegisterSide side = RegisterSide::primary;
    std::vector<Quantity> logged;  ///< whose increments its interval log tells; empty = it has none
    bool clock_can_be_set = false;
    std::vector<RegisterFacts> registers;
};

/// Where such facts come from. Called by the thread that checks.
class Facts {
  public:
    virtual ~Facts() = default;
    /// Null if there is no such profile. Lives as long as this object.
    [[nodiscard]] virtual const ProfileFacts* profile(std::string_view name) const = 0;
    [[nodiscard]] virtual std::vector<std::string> profile_names() const = 0;
    /// Whether the time zone database knows the name.
    [[nodiscard]] virtual bool zone_exists(std::string_view name) const = 0;
};

}  // namespace metergate::config

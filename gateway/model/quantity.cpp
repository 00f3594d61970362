#include "gateway/model/quantity.hpp"

#include <array>

namespace metergate {
namespace {

// In the order of the enumerators.
constexpr std::array<QuantityFacts, quantity_count> all_facts{{
    {"kwh", "kWh", true},
    {"kwh-received", "kWh", true},
    {"kvarh-q1", "kvarh", true},
    {"kvarh-q2", "kvarh", true},
    {"kvarh-q3", "kvarh", true},
    {"kvarh-q4", "kvarh", true},
    {"kvah-arithmetic", "kVAh", true},
    {"kvah-vector", "kVAh", true},
    {"kw", "kW", false},
    {"kvar", "kvar", false},
    {"kva", "kVA", false},
    {"pf", "", false},
    {"a1", "A", false},
    {"a2", "A", false},
    {"a3", "A", false},
    {"v1", "V", false},
    {"v2", "V", false},
    {"v3", "V", false},
    {"hz", "Hz", false},
}};

}  // namespace

const QuantityFacts& facts_of(Quantity quantity) {
    return all_facts.at(static_cast<std::size_t>(quantity));
}

std::optional<Quantity> quantity_named(std::string_view name) {
    for (std::size_t i = 0; i < all_facts.size(); ++i) {
        if (all_facts.at(i).name == name) {
            return static_cast<Quantity>(i);
        }
    }
    return std::nullopt;
}

}  // namespace metergate

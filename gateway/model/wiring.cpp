#include "gateway/model/wiring.hpp"

#include <cstddef>

namespace metergate {
namespace {

constexpr std::array<std::string_view, 3> phase_names{"A", "B", "C"};

struct ServiceFacts {
    std::string_view name;
    std::size_t element_count;
    std::array<Phase, 3> phases;
};

// In the order of the enumerators.
constexpr std::array<ServiceFacts, 8> services{{
    {"2-wire-a", 1, {Phase::a, Phase::a, Phase::a}},
    {"2-wire-b", 1, {Phase::b, Phase::b, Phase::b}},
    {"2-wire-c", 1, {Phase::c, Phase::c, Phase::c}},
    {"3-wire", 2, {Phase::a, Phase::b, Phase::b}},
    {"network-ab", 2, {Phase::a, Phase::b, Phase::b}},
    {"network-bc", 2, {Phase::b, Phase::c, Phase::c}},
    {"network-ca", 2, {Phase::c, Phase::a, Phase::a}},
    {"4-wire", 3, {Phase::a, Phase::b, Phase::c}},
}};

}  // namespace

std::string_view name_of(Phase phase) {
    return phase_names.at(static_cast<std::size_t>(phase));
}

std::optional<Phase> phase_named(std::string_view name) {
    for (std::size_t i = 0; i < phase_names.size(); ++i) {
        if (phase_names.at(i) == name) {
            return static_cast<Phase>(i);
        }
    }
    return std::nullopt;
}

std::string_view name_of(Service service) {
    return services.at(static_cast<std::size_t>(service)).name;
}

std::optional<Service> service_named(std::string_view name) {
    for (std::size_t i = 0; i < services.size(); ++i) {
        if (services.at(i).name == name) {
            return static_cast<Service>(i);
        }
    }
    return std::nullopt;
}

std::vector<Phase> phases_of(Service service) {
    const auto& facts = services.at(static_cast<std::size_t>(service));
    return {facts.phases.begin(),
            facts.phases.begin() + static_cast<std::ptrdiff_t>(facts.element_count)};
}

}  // namespace metergate

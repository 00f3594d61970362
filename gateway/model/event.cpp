#include "gateway/model/event.hpp"

namespace metergate {
namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, event_kind_count> kind_names{
    "gateway-started",    "gateway-stopped",   "gateway-power-failed", "line-lost",
    "line-back",          "panel-lost",        "panel-back",           "meter-changed",
    "register-reset",     "register-rollover", "register-rejected",    "clock-stepped",
    "clock-valid",        "settings-applied",  "settings-damaged",     "store-replaced",
    "store-failing",      "store-low-space",   "destination-lost",     "destination-back",
    "destination-paused", "records-purged",    "meter-change-out",     "gap-not-recorded",
    "queue-overflow",     "voltage-sag",       "voltage-swell",        "voltage-interruption",
    "panel-power-failed", "programming",       "receiver-silent",      "subscription-refused",
    "history-damaged",    "log-disagrees",     "log-unusable",         "panel-clock-wrong",
    "panel-clock-set",    "server-lost",       "server-back",          "panel-written",
    "local-echo",         "foreign-master",
};

}  // namespace

std::string_view name_of(EventKind kind) {
    return kind_names.at(static_cast<std::size_t>(kind));
}

std::optional<EventKind> event_kind_named(std::string_view name) {
    for (std::size_t i = 0; i < kind_names.size(); ++i) {
        if (kind_names.at(i) == name) {
            return static_cast<EventKind>(i);
        }
    }
    return std::nullopt;
}

}  // namespace metergate

#pragma once

#include "config/findings.hpp"
#include "config/schema/settings.hpp"

namespace metergate::config {

/// The destinations: filters name what exists, credentials are complete, TLS is not off by
/// accident.
void check_destinations(const schema::Settings& settings, Findings& findings);

}  // namespace metergate::config

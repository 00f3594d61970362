#pragma once

#include "config/facts.hpp"
#include "config/schema/problem.hpp"
#include "config/schema/settings.hpp"

namespace metergate::config {

/// What is wrong with a document beyond its single fields. Warnings do not stop anything.
struct CheckResult {
    schema::Problems errors;
    schema::Problems warnings;
};

/// Checks the whole document: ids, wire kinds, addresses, slots, wiring, transformers, the supply
/// tree, series, destinations. `known` is what the field tables complained about; no follow-up
/// errors are made of it, and it is not repeated.
[[nodiscard]] CheckResult check(const schema::Settings& settings, const Facts& facts,
                                const schema::Problems& known = {});

}  // namespace metergate::config

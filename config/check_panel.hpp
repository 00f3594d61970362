#pragma once

#include <string>
#include <vector>

#include "config/facts.hpp"
#include "config/findings.hpp"
#include "config/schema/settings.hpp"

namespace metergate::config {

/// What the checks of one panel look at and add to.
struct CheckContext {
    const schema::Settings& settings;
    const Facts& facts;
    Findings& findings;
};

/// One panel and its points: profile, slots, wiring, transformers, series.
void check_panel(const schema::PanelSettings& panel, const std::string& path,
                 const CheckContext& context);

/// Codes that cannot stand in this document (length) or stand twice. Codes that are none at all are
/// the field table's.
void check_series_list(const std::vector<std::string>& codes, const std::string& path,
                       bool laboratory, Findings& findings);

/// The series recorded of a point: its own, or those of `recording`.
[[nodiscard]] const std::vector<std::string>& series_of(const schema::PointSettings& point,
                                                        const schema::Settings& settings);

/// The transformers of a point as the model counts them.
[[nodiscard]] Transformers transformers_of(const schema::PointSettings& point);

}  // namespace metergate::config

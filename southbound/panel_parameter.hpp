#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/model/ids.hpp"
#include "gateway/model/result.hpp"
#include "southbound/panel_driver.hpp"
#include "southbound/register_book.hpp"

/// What a panel itself is set to: CT ratios, the length of its log's slots, as its profile names
/// them. Pure; any thread.
namespace metergate::southbound {

/// One parameter of a panel, or of one of its points.
struct PanelParameter {
    const ProfileParameter* profile = nullptr;  ///< never null; lives as long as the panel's driver
    Id point{};                                 ///< whose; empty = of the panel as a whole
    RegisterField field{};
};

/// A parameter with what the panel says of it, in the parameter's unit.
struct ParameterValue {
    std::string name;
    std::string unit;
    Id point;  ///< empty = of the panel as a whole
    std::int64_t value = 0;
    std::optional<std::int64_t> before;  ///< of one that was to be changed
    bool writable = false;
    schema::Seal seal{};
    std::int64_t minimum = 0;
    std::int64_t maximum = 0;
};

/// What a person wants a parameter to be.
struct ParameterChange {
    std::string name;
    Id point;  ///< empty = of the panel as a whole
    std::int64_t value = 0;
    std::string who;
    std::string reason;
};

/// Those of the panel and of the points that it is set up with, as its profile names them.
[[nodiscard]] std::vector<PanelParameter> parameters_of(const PanelDriver& driver);
/// The one to be changed. Errors: not_found (no such parameter or point, naming the nearest),
/// refused (it is not to be written), invalid (out of range; who and why are missing although its
/// seal class asks for them).
[[nodiscard]] Result<PanelParameter> parameter_to_change(const PanelDriver& driver,
                                                         const ParameterChange& change);

/// What was read of it. Nothing if not all of it was read, or if it is no whole number.
[[nodiscard]] std::optional<ParameterValue> value_in(const RegisterBook& book,
                                                     const PanelParameter& parameter);
/// Makes the panel hold the value, which is in the parameter's range.
[[nodiscard]] Request parameter_write(const PanelDriver& driver, const PanelParameter& parameter,
                                      std::int64_t value);

/// `ct_primary of point unit-301`.
[[nodiscard]] std::string text_of(const PanelParameter& parameter);

}  // namespace metergate::southbound

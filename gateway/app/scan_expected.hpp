#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema/json.hpp"
#include "config/schema/settings.hpp"
#include "gateway/model/result.hpp"
#include "southbound/identification.hpp"

/// What should hang on a wire, by the drawing, and how that differs from what does. Pure.
namespace metergate::app {

struct ExpectedDevice {
    std::string serial;
    std::string panel;                ///< its name or id; may be empty
    std::vector<std::string> suites;  ///< one row each
    std::optional<std::uint8_t> address;
};

/// A sheet with the columns serial, suite, panel and, if it likes, address, named in its first
/// line. A device with several suites has several rows. Error: invalid, naming the line.
[[nodiscard]] Result<std::vector<ExpectedDevice>> expected_from_csv(std::string_view text);

/// Addresses that the sheet does not name, from the panels of that id.
void take_addresses(std::vector<ExpectedDevice>& expected, const schema::LineSettings& line);

struct ScanDifference {
    struct Elsewhere {
        ExpectedDevice device;
        std::uint8_t found_at = 0;
    };
    std::vector<ExpectedDevice> missing;
    std::vector<Elsewhere> elsewhere;
    std::vector<southbound::FoundDevice> unexpected;  ///< or without a serial number
    std::size_t as_expected = 0;

    [[nodiscard]] bool any() const {
        return !missing.empty() || !elsewhere.empty() || !unexpected.empty();
    }
};

/// Serial numbers are compared without leading zeros.
[[nodiscard]] ScanDifference compare(const std::vector<ExpectedDevice>& expected,
                                     const std::vector<southbound::FoundDevice>& found);

[[nodiscard]] std::string difference_text(const ScanDifference& difference);
[[nodiscard]] schema::Json difference_json(const ScanDifference& difference);

}  // namespace metergate::app

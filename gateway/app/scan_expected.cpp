#include "gateway/app/scan_expected.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/schema/csv.hpp"
#include "gateway/app/scan_target.hpp"
#include "southbound/serial_number.hpp"

namespace metergate::app {
namespace {

using schema::CsvRow;
using schema::Json;

struct Columns {
    std::size_t serial = 0;
    std::size_t suite = 0;
    std::size_t panel = 0;
    std::optional<std::size_t> address;
};

Error bad_line(const CsvRow& row, const std::string& why) {
    return {Fault::invalid, fmt::format("line {}: {}", row.line, why)};
}

std::optional<std::size_t> column_of(const CsvRow& head, std::string_view name) {
    const auto found = std::find(head.cells.begin(), head.cells.end(), name);
    return found == head.cells.end()
               ? std::nullopt
               : std::optional(static_cast<std::size_t>(found - head.cells.begin()));
}

Result<Columns> columns_from(const std::vector<CsvRow>& rows) {
    if (rows.empty()) {
        return Error{Fault::invalid, "line 1: the sheet is empty"};
    }
    const auto serial = column_of(rows.front(), "serial");
    const auto suite = column_of(rows.front(), "suite");
    const auto panel = column_of(rows.front(), "panel");
    if (!serial || !suite || !panel) {
        return bad_line(rows.front(), "the columns must be serial,suite,panel");
    }
    return Columns{*serial, *suite, *panel, column_of(rows.front(), "address")};
}

bool same_serial(const std::string& a, const std::string& b) {
    return southbound::without_leading_zeros(a) == southbound::without_leading_zeros(b);
}

Result<ExpectedDevice> device_from(const CsvRow& row, const Columns& columns) {
    ExpectedDevice device;
    device.serial = schema::without_apostrophe(row.cells[columns.serial]);
    device.panel = schema::without_apostrophe(row.cells[columns.panel]);
    const std::string suite = schema::without_apostrophe(row.cells[columns.suite]);
    if (!suite.empty()) {
        device.suites.push_back(suite);
    }
    if (device.serial.empty()) {
        return bad_line(row, "the serial number is missing");
    }
    const std::string address = columns.address ? row.cells[*columns.address] : "";
    if (!address.empty()) {
        const auto addresses = addresses_from(address);
        if (!addresses || addresses->size() != 1) {
            return bad_line(row, "address: \"" + address + "\" is no address from 1 to 247");
        }
        device.address = addresses->front();
    }
    return device;
}

/// A further row of a device that is there already. False: it contradicts.
bool merge(ExpectedDevice& device, const ExpectedDevice& more) {
    device.suites.insert(device.suites.end(), more.suites.begin(), more.suites.end());
    return device.panel == more.panel && device.address == more.address;
}

std::string name_of(const ExpectedDevice& device) {
    std::string name = "serial " + device.serial;
    if (!device.panel.empty()) {
        name += ", panel " + device.panel;
    }
    return device.suites.empty()
               ? name
               : fmt::format("{}, suite {}", name, fmt::join(device.suites, ", "));
}

Json json_of(const ExpectedDevice& device) {
    Json json = Json::object();
    json.set("serial", device.serial).set("panel", device.panel).set("suites", device.suites);
    if (device.address) {
        json.set("address", *device.address);
    }
    return json;
}

}  // namespace

Result<std::vector<ExpectedDevice>> expected_from_csv(std::string_view text) {
    const auto rows = schema::read_csv(text);
    if (!rows) {
        return rows.error();
    }
    const auto columns = columns_from(*rows);
    if (!columns) {
        return columns.error();
    }
    std::vector<ExpectedDevice> all;
    for (auto row = rows->begin() + 1; row != rows->end(); ++row) {
        if (row->cells.size() != rows->front().cells.size()) {
            return bad_line(*row, fmt::format("{} cells instead of {}", row->cells.size(),
                                              rows->front().cells.size()));
        }
        auto device = device_from(*row, *columns);
        if (!device) {
            return device.error();
        }
        const auto same = std::find_if(all.begin(), all.end(), [&](const ExpectedDevice& known) {
            return same_serial(known.serial, device->serial);
        });
        if (same == all.end()) {
            all.push_back(std::move(*device));
        } else if (!merge(*same, *device)) {
            return bad_line(*row, "serial number " + device->serial +
                                      " stands above with another panel or address");
        }
    }
    return all;
}

void take_addresses(std::vector<ExpectedDevice>& expected, const schema::LineSettings& line) {
    for (ExpectedDevice& device : expected) {
        for (const schema::PanelSettings& panel : line.panels) {
            if (!device.address && panel.id == device.panel) {
                device.address = static_cast<std::uint8_t>(panel.address);
            }
        }
    }
}

ScanDifference compare(const std::vector<ExpectedDevice>& expected,
                       const std::vector<southbound::FoundDevice>& found) {
    ScanDifference difference;
    for (const ExpectedDevice& device : expected) {
        const auto there = std::find_if(found.begin(), found.end(), [&](const auto& one) {
            return !one.serial.empty() && same_serial(one.serial, device.serial);
        });
        if (there == found.end()) {
            difference.missing.push_back(device);
        } else if (device.address && *device.address != there->unit) {
            difference.elsewhere.push_back({device, there->unit});
        } else {
            ++difference.as_expected;
        }
    }
    for (const auto& one : found) {
        const bool known = std::any_of(expected.begin(), expected.end(), [&](const auto& device) {
            return !one.serial.empty() && same_serial(one.serial, device.serial);
        });
        if (!known) {
            difference.unexpected.push_back(one);
        }
    }
    return difference;
}

std::string difference_text(const ScanDifference& difference) {
    std::string text = fmt::format("as expected: {}\n", difference.as_expected);
    for (const ExpectedDevice& device : difference.missing) {
        text += "missing: " + name_of(device) +
                (device.address ? fmt::format(", address {}\n", *device.address) : "\n");
    }
    for (const auto& [device, found_at] : difference.elsewhere) {
        text += fmt::format("at another address: {}: found at {} instead of {}\n", name_of(device),
                            found_at, *device.address);
    }
    for (const auto& one : difference.unexpected) {
        text += fmt::format("unexpected: address {}, {}\n", one.unit,
                            one.serial.empty() ? "serial number unknown" : "serial " + one.serial);
    }
    return text;
}

Json difference_json(const ScanDifference& difference) {
    Json missing = Json::array();
    for (const ExpectedDevice& device : difference.missing) {
        missing.push(json_of(device));
    }
    Json elsewhere = Json::array();
    for (const auto& [device, found_at] : difference.elsewhere) {
        elsewhere.push(json_of(device).set("found_at", found_at));
    }
    Json unexpected = Json::array();
    for (const auto& one : difference.unexpected) {
        unexpected.push(Json::object().set("address", one.unit).set("serial", one.serial));
    }
    Json json = Json::object();
    json.set("as_expected", difference.as_expected).set("missing", std::move(missing));
    json.set("at_another_address", std::move(elsewhere)).set("unexpected", std::move(unexpected));
    return json;
}

}  // namespace metergate::app

#include "gateway/app/scan_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "config/schema/settings_tables.hpp"
#include "gateway/app/scan_target.hpp"
#include "gateway/app/text_table.hpp"
#include "southbound/profile.hpp"

namespace metergate::app {
namespace {

using schema::Json;
using southbound::FoundDevice;

std::string or_dash(const std::string& text) {
    return text.empty() ? "-" : text;
}

std::string profile_text(const FoundDevice& device) {
    if (device.profiles.size() == 1 && !device.certain) {
        return device.profiles.front() + "?";
    }
    return or_dash(fmt::format("{}", fmt::join(device.profiles, " or ")));
}

/// The device in front of this one that has the same number: it answers at more than one address.
const FoundDevice* same_before(const FoundDevices& found, const FoundDevice& device) {
    const auto same = std::find_if(found.begin(), found.end(), [&](const FoundDevice& other) {
        return !device.serial.empty() && other.serial == device.serial &&
               other.profiles == device.profiles;
    });
    return same == found.end() || &*same == &device ? nullptr : &*same;
}

std::string words_on(const FoundDevices& found, const FoundDevice& device) {
    std::string words;
    if (!device.doubled.empty()) {
        words += "two devices may share this address: " + device.doubled + "\n";
    }
    if (const FoundDevice* same = same_before(found, device)) {
        words += fmt::format("same serial number as at address {}: the same device?\n", same->unit);
    }
    if (device.answers && device.how.empty()) {
        words += "somebody answers, but nothing tells what it is\n";
    }
    if (device.profiles.size() > 1) {
        words += "these profiles cannot be told apart from here: look at the meter's plate\n";
    }
    return words + (device.note.empty() ? "" : device.note + "\n");
}

/// The wire on which most devices with a profile are.
std::optional<std::size_t> main_wire(const FoundDevices& found) {
    std::map<std::size_t, unsigned> counts;
    for (const FoundDevice& device : found) {
        counts[device.wire] += device.profiles.empty() ? 0U : 1U;
    }
    const auto most =
        std::max_element(counts.begin(), counts.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == counts.end() || most->second == 0 ? std::nullopt : std::optional(most->first);
}

schema::PanelSettings panel_of(const FoundDevice& device) {
    schema::PanelSettings panel;
    panel.id = fmt::format("panel-{}", device.unit);
    panel.address = device.unit;
    panel.profile = device.profiles.front();
    panel.serial = device.serial;
    const auto profile = southbound::profile_named(panel.profile);
    for (std::int64_t slot = 1; profile && slot <= profile->points; ++slot) {
        schema::PointSettings& point = panel.points.emplace_back();
        point.id = fmt::format("{}-{:02}", panel.id, slot);
        point.slot = slot;
    }
    return panel;
}

/// Why a device does not stand in the fragment; empty = it does.
std::string left_out(const FoundDevices& found, const FoundDevice& device, std::size_t wire) {
    if (device.wire != wire) {
        return "is at another speed or parity: set it like the others";
    }
    if (device.profiles.empty()) {
        return "has no profile";
    }
    return same_before(found, device) == nullptr ? "" : "is the same device as at another address";
}

}  // namespace

std::string found_text(const FoundDevices& found, const Wires& wires) {
    std::vector<std::vector<std::string>> rows{
        {"address", "format", "profile", "serial", "device", "identified by"}};
    std::string words;
    for (const FoundDevice& device : found) {
        rows.push_back({std::to_string(device.unit), format_text(wires.at(device.wire)),
                        profile_text(device), or_dash(device.serial), or_dash(device.device),
                        or_dash(device.how)});
        std::string text = words_on(found, device);
        for (std::size_t end = 0; (end = text.find('\n')) != std::string::npos;) {
            words += fmt::format("address {}: {}\n", device.unit, text.substr(0, end));
            text.erase(0, end + 1);
        }
    }
    return text_table(rows) + (words.empty() ? "" : "\n" + words);
}

Json found_json(const FoundDevices& found, const Wires& wires) {
    Json all = Json::array();
    for (const FoundDevice& device : found) {
        Json one = Json::object();
        one.set("address", device.unit).set("format", format_text(wires.at(device.wire)));
        one.set("answers", device.answers).set("profiles", device.profiles);
        one.set("certain", device.certain).set("serial", device.serial);
        one.set("device", device.device).set("identified_by", device.how);
        one.set("two_devices_suspected", device.doubled).set("note", device.note);
        all.push(std::move(one));
    }
    return all;
}

Fragment fragment_of(const FoundDevices& found, const Wires& wires) {
    Fragment fragment;
    const auto wire = main_wire(found);
    if (!wire) {
        fragment.remarks = "no device with a profile was found\n";
        return fragment;
    }
    schema::LineSettings line = wires.at(*wire);
    line.id = line.id.empty() ? "line-1" : line.id;
    for (const FoundDevice& device : found) {
        if (const std::string why = left_out(found, device, *wire); !why.empty()) {
            fragment.remarks += fmt::format("address {} is left out: it {}\n", device.unit, why);
            continue;
        }
        line.panels.push_back(panel_of(device));
        if (!device.certain) {
            fragment.remarks += fmt::format("address {}: make sure of the profile, {}\n",
                                            device.unit, profile_text(device));
        }
    }
    schema::Settings settings;
    settings.lines = {std::move(line)};
    fragment.line = schema::settings_to_json(settings).find("lines")->as_array()->front();
    return fragment;
}

}  // namespace metergate::app

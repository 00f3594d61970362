#pragma once

#include "config/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/config/fake_facts.hpp"

namespace metergate::config {

using schema::DestinationSettings;
using schema::LineSettings;
using schema::PanelSettings;
using schema::PointSettings;
using schema::Settings;
using testing::ElementsAre;
using testing::IsEmpty;

inline std::vector<std::string> texts(const schema::Problems& problems) {
    std::vector<std::string> result;
    for (const auto& problem : problems)
        result.push_back(problem.path + ": " + problem.text);
    return result;
}

/// One line, one panel with 24 points of which two are used and wired; all of it is good.
class Check : public testing::Test {
  protected:
    Check() {
        settings.gateway.id = "g";
        settings.gateway.zone = "America/Toronto";
        settings.lines.push_back({.id = "riser-1",
                                  .name = {},
                                  .rs485 = {},
                                  .modbus_tcp = {},
                                  .rtu_over_tcp = {},
                                  .panels = {}});
        line().rs485.emplace().port = "/dev/ttyUSB0";
        line().panels.push_back(new_panel("east", 1, "panel-24"));
        panel().points = {new_point("suite-101", 1), new_point("suite-102", 2)};
        wire(point(0), Service::network_ab, {1, 2});
        wire(point(1), Service::network_bc, {3, 4});
    }

    static PanelSettings new_panel(const Id& id, std::int64_t address, const std::string& profile) {
        PanelSettings result;
        result.id = id;
        result.address = address;
        result.profile = profile;
        return result;
    }
    static PointSettings new_point(const Id& id, std::int64_t slot) {
        PointSettings result;
        result.id = id;
        result.slot = slot;
        return result;
    }
    static void wire(PointSettings& point, Service service, std::vector<std::int64_t> channels) {
        point.service = service;
        point.channels = std::move(channels);
    }

    LineSettings& line() { return settings.lines.at(0); }
    PanelSettings& panel() { return line().panels.at(0); }
    PointSettings& point(std::size_t index) { return panel().points.at(index); }
    DestinationSettings& add_destination(const Id& id) {
        auto& destination = settings.destinations.emplace_back();
        destination.id = id;
        destination.mqtt.emplace().host = "broker.example";
        return destination;
    }

    std::vector<std::string> errors() { return texts(check(settings, facts, known).errors); }
    std::vector<std::string> warnings() { return texts(check(settings, facts, known).warnings); }

    Settings settings;
    FakeFacts facts;
    schema::Problems known;
};

}  // namespace metergate::config

#include "gateway/app/site.hpp"

#include <gtest/gtest.h>

#include "gateway/app/profile_facts.hpp"
#include "southbound/profile.hpp"

namespace metergate::app {
namespace {

schema::Settings one_panel() {
    schema::PointSettings tenant;
    tenant.id = "suite-101";
    tenant.slot = 3;
    tenant.service = Service::network_bc;
    tenant.channels = {5, 6};
    tenant.reversed_channels = {6};
    tenant.series = {"kwh-1h-std", "kwh-15min"};
    schema::PointSettings common;
    common.id = "lobby";
    common.slot = 4;
    common.role = schema::PointRole::common;
    schema::PanelSettings panel;
    panel.id = "east";
    panel.profile = "metergate-panel-24";
    panel.points = {tenant, common};
    schema::LineSettings line;
    line.id = "riser-1";
    line.rs485 = schema::Rs485Settings{};
    line.panels = {panel};
    schema::Settings settings;
    settings.gateway.id = "tower";
    settings.gateway.zone = "America/Toronto";
    settings.lines = {line};
    return settings;
}

record::Numbering numbering_of(const schema::Settings& settings) {
    const auto request = *numbering_request(settings);
    record::Numbering numbering;
    for (std::uint32_t p = 0; p < request.panels.size(); ++p) {
        record::Numbering::PanelEntry entry{request.panels[p].id, PanelNumber{p + 1}, {}};
        for (std::uint32_t i = 0; i < request.panels[p].points.size(); ++i) {
            entry.points.push_back({request.panels[p].points[i], point_number(entry.number, i)});
        }
        numbering.panels.push_back(entry);
    }
    for (std::uint32_t s = 0; s < request.series.size(); ++s) {
        numbering.series.emplace_back(request.series[s], SeriesNumber{s + 1});
    }
    return numbering;
}

TEST(Site, every_series_is_numbered_once) {
    const auto request = numbering_request(one_panel());
    ASSERT_TRUE(request);
    ASSERT_EQ(request->series.size(), 2U);
    EXPECT_EQ(code_of(request->series[0]), "kwh-1h-std");
    EXPECT_EQ(code_of(request->series[1]), "kwh-15min");
}

TEST(Site, the_recorder_knows_full_load_series_and_modulus_of_each_point) {
    const auto settings = one_panel();
    const auto site = assemble_site(settings, numbering_of(settings), {}, UtcTime{});
    ASSERT_TRUE(site) << site.error().text;
    const auto& point = site->plan.panels.at(0).points.at(0);
    EXPECT_EQ(point.power_max_w, 48'000);  // 2 elements x 200 A x 120 V
    EXPECT_EQ(point.series.size(), 2U);
    ASSERT_FALSE(point.moduli.empty());
    EXPECT_EQ(point.moduli.at(0), std::pair(Quantity::energy_delivered, Milli{100'000'000'000}));
}

TEST(Site, a_point_of_unknown_wiring_may_carry_three_elements) {
    const auto settings = one_panel();
    const auto site = assemble_site(settings, numbering_of(settings), {}, UtcTime{});
    EXPECT_EQ(site->plan.panels.at(0).points.at(1).power_max_w, 72'000);
}

TEST(Site, the_directory_tells_wiring_and_role) {
    const auto settings = one_panel();
    const auto site = assemble_site(settings, numbering_of(settings), {}, UtcTime{});
    const auto& points = site->directory.panels.at(0).points;
    EXPECT_EQ(points.at(0).elements,
              (std::vector<Element>{{5, Phase::b, false}, {6, Phase::c, true}}));
    EXPECT_EQ(points.at(0).role, "tenant");
    EXPECT_EQ(points.at(1).role, "common");
}

TEST(Site, a_bad_series_names_line_and_point) {
    auto settings = one_panel();
    settings.lines[0].panels[0].points[1].series = {"kwh-7parsec"};
    const auto request = numbering_request(settings);
    ASSERT_FALSE(request);
    EXPECT_NE(request.error().text.find("point lobby"), std::string::npos);
}

TEST(Site, a_line_can_be_assembled_without_a_store) {
    const auto plan = assemble_line(one_panel().lines[0]);
    ASSERT_TRUE(plan) << plan.error().text;
    EXPECT_EQ(plan->panels.at(0).setup().points.at(0).slot, 3U);
}

TEST(ProfileFactsBook, tells_of_every_built_in_profile_what_the_check_needs) {
    const ProfileFactsBook book;
    for (const auto& name : southbound::profile_names()) {
        const auto* facts = book.profile(name);
        ASSERT_NE(facts, nullptr) << name;
        EXPECT_FALSE(facts->registers.empty()) << name;
        EXPECT_GT(facts->points, 0) << name;
    }
    EXPECT_EQ(book.profile("nobodys-meter"), nullptr);
    EXPECT_TRUE(book.zone_exists("Australia/Lord_Howe"));
    EXPECT_FALSE(book.zone_exists("Mars/Olympus"));
}

TEST(Site, what_the_settings_name_no_more_keeps_its_names) {
    const auto whole = one_panel();
    const auto all = numbering_of(whole);
    auto fewer = whole;
    fewer.lines[0].panels[0].points.pop_back();
    auto numbering = all;
    numbering.panels[0].points.pop_back();
    const auto site = assemble_site(fewer, numbering, all, UtcTime{});
    ASSERT_TRUE(site);
    const PointNumber lobby = all.panels[0].points[1].number;
    ASSERT_NE(site->directory.find_point(lobby), nullptr);
    EXPECT_EQ(site->directory.find_point(lobby)->id, "lobby");
    EXPECT_FALSE(site->directory.is_in_use(lobby));
    EXPECT_TRUE(site->directory.is_in_use(all.panels[0].points[0].number));
    fewer.lines.clear();
    const auto none = assemble_site(fewer, {}, all, UtcTime{});
    ASSERT_TRUE(none);
    EXPECT_EQ(none->directory.panel_id(all.panels[0].number), "east");
    EXPECT_NE(none->directory.find_series(SeriesNumber{1}), nullptr);
    EXPECT_TRUE(none->directory.panels.empty());
}

TEST(Site, the_source_of_a_point_is_its_register_and_its_scale) {
    const auto plan_of = [](const schema::Settings& settings) {
        return assemble_site(settings, numbering_of(settings), {}, UtcTime{})->plan.panels[0];
    };
    const auto before = plan_of(one_panel());
    auto named = one_panel();
    named.lines[0].panels[0].points[0].suite = "101";
    EXPECT_EQ(plan_of(named), before);
    auto rewired = one_panel();
    rewired.lines[0].panels[0].points[0].channels = {7, 6};
    EXPECT_EQ(plan_of(rewired).points[0].source, before.points[0].source);
    EXPECT_NE(plan_of(rewired).points[0].parameters, before.points[0].parameters);
    auto moved = one_panel();
    moved.lines[0].panels[0].points[0].slot = 9;
    moved.lines[0].panels[0].address = 9;
    EXPECT_NE(plan_of(moved).points[0].source, before.points[0].source);
    EXPECT_NE(plan_of(moved).place, before.place);
    EXPECT_EQ(plan_of(moved).points[1], before.points[1]);
}

/// Requests a poll of slots 1 and 9 takes; 28 registers of energy lie between them.
std::size_t requests_for_energy(const schema::LineSettings& line) {
    const auto plan = assemble_line(line);
    EXPECT_TRUE(plan);
    std::size_t requests = 0;
    for (std::size_t block = 0; block < plan->panels.front().every_poll_blocks(); ++block) {
        requests += plan->panels.front().block_request(block).address < 1100 ? 1U : 0U;
    }
    return requests;
}

TEST(Site, what_is_read_at_once_depends_on_the_speed_of_the_line) {
    schema::LineSettings line = one_panel().lines.front();
    line.panels.front().points[0].slot = 1;
    line.panels.front().points[1].slot = 9;
    EXPECT_EQ(requests_for_energy(line), 2U) << "19200 baud";
    line.rs485->parity = schema::Parity::none;
    EXPECT_EQ(requests_for_energy(line), 1U) << "10 bits a character are quicker";
    line.rs485->baud = 9600;
    EXPECT_EQ(requests_for_energy(line), 2U);
    line.rs485.reset();
    line.modbus_tcp = schema::ModbusTcpSettings{};
    EXPECT_EQ(requests_for_energy(line), 1U);
    line.modbus_tcp.reset();
    line.rtu_over_tcp = schema::RtuOverTcpSettings{"moxa", 4001, 9600};
    EXPECT_EQ(requests_for_energy(line), 2U) << "behind a device server it is serial all the same";
}

TEST(Site, another_port_of_a_device_server_is_another_place) {
    auto settings = one_panel();
    settings.lines[0].rs485.reset();
    settings.lines[0].rtu_over_tcp = schema::RtuOverTcpSettings{"moxa", 4001, 9600};
    auto moved = settings;
    moved.lines[0].rtu_over_tcp->port = 4002;
    const auto place_in = [](const schema::Settings& of) {
        return assemble_site(of, numbering_of(of), {}, UtcTime{})->plan.panels[0].place;
    };
    EXPECT_NE(place_in(settings), place_in(moved));
}

}  // namespace
}  // namespace metergate::app

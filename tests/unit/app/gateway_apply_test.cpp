#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <optional>
#include <sstream>

#include "config/document.hpp"
#include "gateway/app/gateway.hpp"
#include "tests/support/temp_dir.hpp"

namespace metergate::app {
namespace {

using schema::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What the daemon's main thread does, on the test's.
class MainThread {
  public:
    void post(std::function<void()> work) {
        const std::scoped_lock lock(mutex_);
        work_.push_back(std::move(work));
        arrived_.notify_one();
    }
    void run_one() {
        std::unique_lock lock(mutex_);
        arrived_.wait(lock, [this] { return !work_.empty(); });
        const auto work = std::move(work_.front());
        work_.pop_front();
        lock.unlock();
        work();
    }

  private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<std::function<void()>> work_;
};

schema::LineSettings line_of(const Id& id) {
    schema::PointSettings point;
    point.id = id + "-suite";
    schema::PanelSettings panel;
    panel.id = id + "-panel";
    panel.profile = "metergate-panel-24";
    panel.points = {point};
    schema::LineSettings line;
    line.id = id;
    line.rs485 = schema::Rs485Settings{.port = "/dev/not-there-" + id};
    line.panels = {panel};
    return line;
}

schema::DestinationSettings destination_of(const Id& id) {
    schema::DestinationSettings destination;
    destination.id = id;
    auto& mqtt = destination.mqtt.emplace();
    mqtt.host = "127.0.0.1";
    mqtt.port = 1;
    mqtt.tls.enabled = false;
    return destination;
}

class GatewayApply : public ::testing::Test {
  protected:
    void SetUp() override {
        settings.gateway.id = "tower";
        settings.lines = {line_of("riser-1"), line_of("riser-2")};
        settings.destinations = {destination_of("office")};
        paths = Paths::below(folder.path());
        std::ofstream(paths.settings) << "// by hand\n" << config::canonical_text(settings);
        auto started =
            Gateway::start({settings,
                            paths,
                            "",
                            {},
                            [this](std::function<void()> work) { main.post(std::move(work)); }},
                           clock, log);
        ASSERT_TRUE(started) << started.error().text;
        gateway = std::move(*started);
    }
    void TearDown() override { gateway->stop(); }

    Result<Json> apply(const schema::Settings& wanted, std::vector<Id> drop_cursors = {},
                       bool dry_run = false) {
        return apply_text(config::canonical_text(wanted), std::move(drop_cursors), dry_run);
    }
    Result<Json> apply_text(const std::string& text, std::vector<Id> drop_cursors = {},
                            bool dry_run = false) {
        std::optional<Result<Json>> answer;
        gateway->apply({text, dry_run, std::move(drop_cursors)},
                       [&](Result<Json> given) { answer = std::move(given); });
        while (!answer) {
            main.run_one();
        }
        return *answer;
    }
    [[nodiscard]] std::vector<std::string> names(const std::string& list,
                                                 const std::string& key) const {
        std::vector<std::string> found;
        const Json status = gateway->status();
        for (const Json& item : *status.find(list)->as_array()) {
            found.push_back(*item.string_at(key));
        }
        return found;
    }
    [[nodiscard]] std::string file() const {
        std::ifstream in(paths.settings);
        std::ostringstream text;
        text << in.rdbuf();
        return text.str();
    }
    void expect_nothing_changed() {
        EXPECT_THAT(names("lines", "line"), ElementsAre("riser-1", "riser-2"));
        EXPECT_THAT(names("destinations", "destination"), ElementsAre("office"));
        EXPECT_THAT(file(), HasSubstr("// by hand"));
    }

    support::TempDir folder;
    Paths paths;
    SystemClock clock;
    Log log;
    MainThread main;
    schema::Settings settings;
    std::unique_ptr<Gateway> gateway;
};

TEST_F(GatewayApply, makes_anew_what_changed_and_keeps_the_file_it_replaced) {
    auto wanted = settings;
    wanted.lines[0].rs485->baud = 9'600;
    wanted.lines[1] = line_of("riser-3");
    wanted.destinations.push_back(destination_of("billing"));
    const auto answer = apply(wanted);
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_THAT(names("lines", "line"), ::testing::UnorderedElementsAre("riser-1", "riser-3"));
    EXPECT_THAT(names("destinations", "destination"), ElementsAre("office", "billing"));
    EXPECT_EQ(file(), config::canonical_text(wanted));
    EXPECT_THAT(*answer->string_at("saved"), HasSubstr("settings-0001.json"));
    EXPECT_TRUE(std::filesystem::exists(paths.data + "/settings.last-good.json"));
    EXPECT_FALSE(gateway->stuck_thread());
}

TEST_F(GatewayApply, tells_what_would_change_without_changing_it) {
    auto wanted = settings;
    wanted.lines.pop_back();
    const auto answer = apply(wanted, {}, true);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->find("differences")->as_array()->size(), 1U);
    expect_nothing_changed();
}

TEST_F(GatewayApply, of_settings_with_errors_names_them_all) {
    auto text = config::canonical_text(settings);
    const auto broken = apply_text(text.substr(0, text.size() / 2));
    ASSERT_FALSE(broken);
    auto wanted = settings;
    wanted.lines[0].panels[0].profile = "no-such-panel";
    wanted.lines[1].panels[0].points[0].id = "riser-1-suite";
    const auto wrong = apply(wanted);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().fault, Fault::invalid);
    EXPECT_THAT(wrong.error().text, HasSubstr("lines[0].panels[0].profile"));
    EXPECT_THAT(wrong.error().text, HasSubstr("lines[1].panels[0].points[0].id"));
    expect_nothing_changed();
}

TEST_F(GatewayApply, while_another_is_under_way_is_busy) {
    std::optional<Result<Json>> first;
    auto wanted = settings;
    wanted.lines.pop_back();
    gateway->apply({config::canonical_text(wanted), false, {}},
                   [&](Result<Json> given) { first = std::move(given); });
    const auto second = apply(settings);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().fault, Fault::busy);
    while (!first) {
        main.run_one();
    }
    EXPECT_TRUE(*first);
    EXPECT_TRUE(apply(settings)) << "and then no more";
}

TEST_F(GatewayApply, that_cannot_be_saved_changes_nothing) {
    std::filesystem::create_directories(paths.settings + ".tmp/in-the-way");
    auto wanted = settings;
    wanted.lines.pop_back();
    const auto answer = apply(wanted);
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().text, HasSubstr("nothing was changed"));
    EXPECT_THAT(answer.error().text, HasSubstr(paths.settings));
    expect_nothing_changed();
}

TEST_F(GatewayApply, of_a_point_under_another_panel_is_refused_by_name) {
    auto wanted = settings;
    std::swap(wanted.lines[0].panels[0].points, wanted.lines[1].panels[0].points);
    const auto answer = apply(wanted);
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().text, HasSubstr("riser-2-suite"));
    expect_nothing_changed();
}

TEST_F(GatewayApply, of_another_gateway_is_refused) {
    auto wanted = settings;
    wanted.gateway.id = "mill";
    const auto answer = apply(wanted);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().fault, Fault::refused);
    expect_nothing_changed();
}

TEST_F(GatewayApply, drops_the_cursor_of_a_destination_that_goes_only_when_told) {
    EXPECT_FALSE(apply(settings, {"office"})) << "it is in use";
    auto wanted = settings;
    wanted.destinations.clear();
    const auto kept = apply(wanted);
    ASSERT_TRUE(kept);
    EXPECT_THAT(*kept->find("notes")->as_array()->front().as_string(), HasSubstr("is kept"));
    const auto dropped = apply(wanted, {"office"});
    ASSERT_TRUE(dropped);
    EXPECT_THAT(*dropped->find("notes")->as_array()->front().as_string(), HasSubstr("is dropped"));
}

TEST_F(GatewayApply, starts_and_stops_the_modbus_gateway_and_tells_lines_that_are_made_anew) {
    auto wanted = settings;
    wanted.modbus_gateway.enabled = true;
    wanted.modbus_gateway.address = "203.0.113.9";  // of no machine: nothing is opened
    wanted.modbus_gateway.units = {{1, "riser-1-panel"}, {2, "riser-2-panel"}};
    const auto answer = apply(wanted);
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_EQ(*answer->string_at("modbus_gateway"), "added");
    EXPECT_EQ(answer->find("lines")->find("kept")->as_array()->size(), 2U);
    EXPECT_EQ(*gateway->status().find("modbus_gateway")->string_at("address"), "203.0.113.9");
    wanted.lines[0].rs485->baud = 9'600;
    const auto kept = apply(wanted);
    ASSERT_TRUE(kept);
    EXPECT_EQ(*kept->string_at("modbus_gateway"), "kept");
    wanted.modbus_gateway.allow_writes = true;
    EXPECT_EQ(*apply(wanted)->string_at("modbus_gateway"), "changed");
    EXPECT_EQ(*apply(settings)->string_at("modbus_gateway"), "removed");
    EXPECT_TRUE(gateway->status().find("modbus_gateway")->is_null());
    EXPECT_FALSE(gateway->stuck_thread());
}

TEST_F(GatewayApply, may_come_many_times) {
    auto fewer = settings;
    fewer.lines.pop_back();
    fewer.destinations.clear();
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(apply(fewer));
        ASSERT_TRUE(apply(settings));
    }
    EXPECT_FALSE(gateway->stuck_thread());
}

}  // namespace
}  // namespace metergate::app

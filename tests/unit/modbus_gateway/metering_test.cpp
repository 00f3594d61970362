#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>

#include "southbound/gateway/session.hpp"
#include "tests/unit/southbound/polling_fixture.hpp"

/// The server on a line that is polled: metering is not disturbed by what clients do.
namespace metergate::southbound::gateway {
namespace {

using ::testing::ElementsAre;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t panels = 8;
/// Not in the map of any panel here.
constexpr std::uint16_t absent_register = 5000;

class MeteringBesideClients : public Polling {
  protected:
    void SetUp() override {
        for (std::uint8_t unit = 1; unit <= panels; ++unit) {
            add(unit);
            Route route{"riser-1", "panel-" + std::to_string(unit), {}};
            route.request.unit = unit;
            rules_.routes.emplace(unit, route);
        }
    }
    Relay& relay() {
        if (!relay_) {
            relay_.emplace(clock_, rules_,
                           Relay::Hooks{[this](const Id&, const LineRequest& request) {
                                            poller().request_guest(
                                                {request.client, request.request,
                                                 [this, answer = request.answer](
                                                     const Result<Reply>& outcome) {
                                                     answer({outcome, poller().exception_code()});
                                                 }});
                                        },
                                        {}});
        }
        return *relay_;
    }
    std::shared_ptr<Session> connect(const Id& client) {
        return std::make_shared<Session>(clock_, relay(), client, seconds{120});
    }
    static Bytes read_frame(std::uint16_t transaction, std::uint8_t unit, std::uint16_t address) {
        Bytes bytes;
        append_frame(bytes, {transaction,
                             unit,
                             {3, static_cast<std::uint8_t>(address >> 8U),
                              static_cast<std::uint8_t>(address & 0xFFU), 0, 1}});
        return bytes;
    }
    /// Sends what there is room for, in whole frames of reads if it is not all, and takes what
    /// there is.
    void flood(Session& session, const Bytes& bytes) {
        constexpr std::size_t frame_size = 12;
        const std::size_t room = session.room();
        session.receive(
            std::span(bytes).first(bytes.size() <= room ? bytes.size() : room - room % frame_size));
        while (!session.take_output().empty()) {
            session.written();
        }
        session.step();
    }
    /// What is polled and when, by unit: without the guests.
    std::map<std::uint8_t, std::vector<Duration>> phases(std::size_t from_frame) const {
        std::map<std::uint8_t, std::vector<Duration>> all;
        for (std::uint8_t unit = 1; unit <= panels; ++unit) {
            all[unit] = poll_phases(unit, from_frame);
        }
        return all;
    }
    void run_step(Duration duration) {
        run(duration);
        relay().step();
    }
    /// Nobody's poll was left out, nor moved by more than `most` in its period.
    void expect_undisturbed(std::size_t from_frame, std::size_t polls, Duration most) {
        for (const auto& [unit, at] : phases(from_frame)) {
            EXPECT_EQ(at.size(), polls) << "panel " << int{unit};
            EXPECT_EQ(energy_readings(unit), polls) << "panel " << int{unit};
            const auto [least, latest] = std::minmax_element(at.begin(), at.end());
            EXPECT_LE(*latest - *least, most) << "panel " << int{unit};
        }
        for (const PanelStatus& status : poller().status()) {
            EXPECT_EQ(status.skipped_polls, 0U);
            EXPECT_EQ(status.state, PanelState::ok);
        }
    }

    Relay::Rules rules_;
    std::optional<Relay> relay_;
};

TEST_F(MeteringBesideClients, a_client_gets_what_the_panel_says) {
    run(seconds{5});
    const auto session = connect("bms");
    session->receive(read_frame(0x0A0B, 2, 0));
    session->receive(read_frame(0x0A0C, 2, absent_register));
    session->receive(read_frame(0x0A0D, 99, 0));
    run(seconds{2});
    const Bytes output = session->take_output();
    EXPECT_EQ(output, (Bytes{0x0A, 0x0D, 0, 0, 0, 3, 99, 0x83, 10,              // no such unit
                             0x0A, 0x0B, 0, 0, 0, 5, 2,  3,    2,  0x4D, 0x47,  // the register
                             0x0A, 0x0C, 0, 0, 0, 3, 2,  0x83, 2}));  // the panel's refusal
}

TEST_F(MeteringBesideClients, flooding_clients_leave_every_poll_in_its_period) {
    run(seconds{305});
    readings_.clear();
    const std::size_t before = bus_.wire.sent().size();
    const auto greedy = connect("10.0.0.7");
    const auto second = connect("10.0.0.8");
    std::uint16_t transaction = 0;
    for (int i = 0; i < 12'000; ++i) {  // 600 s
        Bytes bytes;
        for (int n = 0; n < 40; ++n) {
            const auto unit = static_cast<std::uint8_t>(transaction % panels + 1);
            const auto address = static_cast<std::uint16_t>(transaction % 90 + 1'101);
            const Bytes one = read_frame(transaction++, unit, address);
            bytes.insert(bytes.end(), one.begin(), one.end());
        }
        flood(*greedy, bytes);
        flood(*second, bytes);
        run_step(milliseconds{50});
    }
    EXPECT_GT(relay().counters().answered, 10'000U) << "what was left of the wire was theirs";
    EXPECT_GT(relay().counters().refused, 10'000U);
    EXPECT_LE(greedy->unsent() + second->unsent(), std::size_t{2} * frame_size_max * 8);
    expect_undisturbed(before, 60, milliseconds{800});
}

TEST_F(MeteringBesideClients,
       registers_that_nobody_answers_cost_polls_nothing_but_the_panel_asked) {
    for (std::uint8_t unit = 1; unit <= panels; ++unit) {
        ScriptedPanel panel = ScriptedPanel::metergate_panel(unit, 1000U + unit);
        panel.silent_if_absent = true;
        bus_.add(panel);
    }
    run(seconds{305});
    readings_.clear();
    const auto session = connect("10.0.0.7");
    for (int i = 0; i < 12'000; ++i) {
        flood(*session, read_frame(static_cast<std::uint16_t>(i), 3, absent_register));
        run_step(milliseconds{50});
    }
    EXPECT_GT(relay().counters().on_wire, 60U);
    for (std::uint8_t unit = 1; unit <= panels; ++unit) {
        EXPECT_GE(energy_readings(unit), 60U) << "panel " << int{unit};
    }
    for (const PanelStatus& status : poller().status()) {
        EXPECT_EQ(status.skipped_polls, 0U);
        EXPECT_EQ(status.state, PanelState::ok);
    }
}

TEST_F(MeteringBesideClients, nonsense_from_clients_that_come_again_and_again_leaves_polls_alone) {
    run(seconds{305});
    readings_.clear();
    const std::size_t before = bus_.wire.sent().size();
    constexpr unsigned seed = 5;
    std::mt19937 random(seed);
    for (int i = 0; i < 6'000; ++i) {  // 600 s
        const auto session = connect("10.0.0." + std::to_string(random() % 40));
        Bytes bytes(random() % 300);
        for (std::uint8_t& byte : bytes) {
            byte = static_cast<std::uint8_t>(random() % 4 == 0 ? random() % 20 : 0);
        }
        const Bytes good = read_frame(1, static_cast<std::uint8_t>(random() % 9),
                                      static_cast<std::uint16_t>(1'001 + random() % 5'000));
        bytes.insert(random() % 2 == 0 ? bytes.begin() : bytes.end(), good.begin(), good.end());
        flood(*session, bytes);
        run_step(milliseconds{100});
    }
    EXPECT_GT(relay().counters().nonsense, 2'000U) << "seed " << seed;
    expect_undisturbed(before, 60, milliseconds{800});
}

TEST_F(MeteringBesideClients, a_fast_client_costs_one_request_of_the_wire_a_second) {
    rules_.cache = seconds{1};
    run(seconds{15});
    const auto fast = connect("10.0.0.7");
    const auto other = connect("10.0.0.8");
    for (int i = 0; i < 1'000; ++i) {  // 100 s, at 10 Hz, as soon as the last is answered
        for (const auto& session : {fast, other}) {
            flood(*session, session->outstanding() == 0 ? read_frame(1, 4, 1200) : Bytes{});
        }
        run_step(milliseconds{100});
    }
    EXPECT_LE(relay().counters().on_wire, 100U);
    EXPECT_EQ(relay().counters().refused, 0U);
    EXPECT_GT(relay().counters().answered, 1'200U);
}

TEST_F(MeteringBesideClients, of_a_lost_panel_they_learn_at_once_that_it_is_silent) {
    silence(3, 3);
    run(seconds{60});
    const auto session = connect("bms");
    session->receive(read_frame(1, 3, 0));
    EXPECT_EQ(session->take_output(), (Bytes{0, 1, 0, 0, 0, 3, 3, 0x83, 11}));
    session->written();
    bus_.wire.vanished = Error{Fault::disconnected, "port /dev/ttyUSB0 is gone"};
    run(seconds{1});
    session->receive(read_frame(2, 4, 0));
    EXPECT_EQ(session->take_output(), (Bytes{0, 2, 0, 0, 0, 3, 4, 0x83, 10}));
}

}  // namespace
}  // namespace metergate::southbound::gateway

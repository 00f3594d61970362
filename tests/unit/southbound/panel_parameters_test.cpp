#include "southbound/panel_parameters.hpp"

#include "tests/unit/southbound/guest_line.hpp"

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Outcome = Result<std::vector<ParameterValue>>;

PanelSetup setup_of(std::uint8_t unit) {
    PanelSetup setup;
    setup.number = PanelNumber{unit};
    setup.id = "panel-" + std::to_string(unit);
    setup.unit = unit;
    setup.points.push_back({point_number(setup.number, 0), 1, {}, "unit-101"});
    setup.points.push_back({point_number(setup.number, 6), 7, {}, "unit-107"});
    return setup;
}

ParameterChange ct_of_107(std::int64_t value) {
    return {"ct_primary", "unit-107", value, "A. Baker", "CTs changed"};
}

TEST(PanelParameter, each_point_that_is_set_up_has_its_own) {
    const PanelDriver driver(setup_of(1), *profile_named("metergate-panel-12"));
    std::vector<std::string> texts;
    for (const PanelParameter& parameter : parameters_of(driver)) {
        texts.push_back(text_of(parameter) + " at " + std::to_string(parameter.field.address));
    }
    EXPECT_EQ(texts, (std::vector<std::string>{"interval_length at 64", "ct_secondary at 65",
                                               "ct_primary of point unit-101 at 68",
                                               "ct_primary of point unit-107 at 74"}));
}

TEST(PanelParameter, a_change_that_cannot_be_is_refused_in_words) {
    const PanelDriver driver(setup_of(1), *profile_named("metergate-panel-12"));
    const auto fault_of = [&](ParameterChange change) {
        const auto parameter = parameter_to_change(driver, change);
        return parameter ? "" : parameter.error().text;
    };
    EXPECT_EQ(fault_of(ct_of_107(400)), "");
    EXPECT_EQ(fault_of(ct_of_107(0)), "ct_primary must be 1..65534 A");
    EXPECT_EQ(fault_of(ct_of_107(65'535)), "ct_primary must be 1..65534 A");
    EXPECT_EQ(fault_of({"ct_primery", "", 400, "A", "B"}),
              "profile metergate-panel-12 has no parameter \"ct_primery\"; did you mean "
              "\"ct_primary\"?");
    EXPECT_EQ(fault_of({"ct_primary", "", 400, "A", "B"}),
              "each point has its own ct_primary: say of which");
    EXPECT_EQ(fault_of({"ct_primary", "unit-999", 400, "A", "B"}),
              "panel panel-1 has no point \"unit-999\"");
    EXPECT_EQ(fault_of({"ct_secondary", "unit-107", 80, "A", "B"}),
              "ct_secondary is one for the whole panel");
    EXPECT_EQ(fault_of({"ct_secondary", "", 80, "", "B"}),
              "ct_secondary is sealed: say who sets it");
    EXPECT_EQ(fault_of({"ct_secondary", "", 80, "A", ""}),
              "ct_secondary is sealed: say why it is set");
}

TEST(PanelParameter, what_is_free_needs_no_name_and_what_is_only_read_is_not_written) {
    Profile profile = *profile_named("metergate-panel-12");
    profile.parameters[1].seal = schema::Seal::free;
    profile.parameters[0].writable = false;
    const PanelDriver driver(setup_of(1), profile);
    EXPECT_TRUE(parameter_to_change(driver, {"ct_secondary", "", 80, "", ""}));
    const auto refused = parameter_to_change(driver, {"interval_length", "", 15, "A", "B"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), (Error{Fault::refused, "interval_length cannot be set"}));
}

TEST(PanelParameter, negative_numbers_of_two_registers_are_written_and_read) {
    Profile profile = *profile_named("metergate-panel-12");
    profile.parameters[1].type = RegisterType::i32;
    profile.parameters[1].minimum = -1000;
    const PanelDriver driver(setup_of(1), profile);
    const auto parameter = parameter_to_change(driver, {"ct_secondary", "", -2, "A", "B"});
    ASSERT_TRUE(parameter);
    const Request request = parameter_write(driver, *parameter, -2);
    EXPECT_EQ(Pdu(request.pdu), (Pdu{16, 0, 65, 0, 2, 4, 0xFF, 0xFF, 0xFF, 0xFE}));
    RegisterBook book;
    book.keep({Table::holding, 65, 2}, {0xFFFF, 0xFFFE});
    EXPECT_EQ(value_in(book, *parameter)->value, -2);
}

/// Two panels of one line, the seal of the second open, polled each 10 s.
class ParametersOfALine : public GuestLine {
  protected:
    ParametersOfALine() { make(""); }
    void make(const std::string& faults) {
        std::vector<PanelDriver> drivers;
        drivers.emplace_back(setup_of(1), *profile_named("metergate-panel-12"));
        drivers.emplace_back(setup_of(2), *profile_named("metergate-panel-12"));
        make_line(
            R"({"id": "panel-1", "line": "riser", "kind": "metergate-panel-12"},
               {"id": "panel-2", "line": "riser", "kind": "metergate-panel-12", "seal_open": true})",
            faults, std::move(drivers));
        parameters_ = std::make_unique<PanelParameters>(
            clock_, *poller_, [this](Event event) { events_.push_back(std::move(event)); });
    }
    void run(Duration duration) { run_with(*parameters_, duration); }
    /// What is answered to it, within two minutes.
    Outcome order(Id panel, std::optional<ParameterChange> change = {}) {
        std::optional<Outcome> answer;
        parameters_->order({std::move(panel), std::move(change),
                            [&](Outcome outcome) { answer = std::move(outcome); }});
        const Instant until = clock_.now() + minutes{2};
        while (!answer && clock_.now() < until) {
            step_with(*parameters_, until);
        }
        return answer ? std::move(*answer) : Outcome(Error{Fault::timeout, "no answer"});
    }

    std::unique_ptr<PanelParameters> parameters_;
    std::vector<Event> events_;
};

TEST_F(ParametersOfALine, are_read_with_what_may_be_done_with_them) {
    run(seconds{15});
    const Outcome values = order("panel-1");
    ASSERT_TRUE(values) << values.error().text;
    ASSERT_EQ(values->size(), 4U);
    const ParameterValue& length = values->at(0);
    EXPECT_EQ(length.name, "interval_length");
    EXPECT_EQ(length.unit, "min");
    EXPECT_EQ(length.value, 15);
    EXPECT_EQ(length.seal, schema::Seal::sealed);
    EXPECT_TRUE(length.writable);
    EXPECT_EQ(values->at(3).point, "unit-107");
    EXPECT_EQ(values->at(3).value, 200);
    EXPECT_TRUE(events_.empty());
}

TEST_F(ParametersOfALine, one_that_was_set_is_read_back_and_told_with_both_values) {
    run(seconds{15});
    const Outcome set = order("panel-2", ct_of_107(400));
    ASSERT_TRUE(set) << set.error().text;
    EXPECT_EQ(set->front().value, 400);
    EXPECT_EQ(set->front().before, 200);
    ASSERT_EQ(events_.size(), 1U);
    EXPECT_EQ(events_[0].kind, EventKind::programming);
    EXPECT_EQ(events_[0].panel, PanelNumber{2});
    EXPECT_EQ(events_[0].source, "panel-2");
    EXPECT_EQ(events_[0].old_value, "200 A");
    EXPECT_EQ(events_[0].new_value, "400 A");
    EXPECT_EQ(events_[0].text,
              "ct_primary of point unit-107 of panel panel-2 was set from 200 A to 400 A by A. "
              "Baker: CTs changed");
    const Outcome values = order("panel-2");
    ASSERT_TRUE(values);
    EXPECT_EQ(values->at(2).value, 200) << "the other point's";
    EXPECT_EQ(values->at(3).value, 400);
}

TEST_F(ParametersOfALine, one_that_is_so_already_is_not_written) {
    run(seconds{15});
    const Outcome set = order("panel-1", ct_of_107(200));  // its seal is closed
    ASSERT_TRUE(set) << set.error().text;
    EXPECT_EQ(set->front().before, 200);
    EXPECT_TRUE(events_.empty());
}

TEST_F(ParametersOfALine, a_closed_seal_is_named) {
    run(seconds{15});
    const Outcome set = order("panel-1", ct_of_107(400));
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().fault, Fault::refused);
    EXPECT_NE(set.error().text.find("ct_primary of point unit-107 was not set: its seal may be "
                                    "closed"),
              std::string::npos)
        << set.error().text;
    EXPECT_TRUE(events_.empty());
    EXPECT_EQ(order("panel-1")->at(3).value, 200);
}

TEST_F(ParametersOfALine, what_is_unknown_is_refused_at_once) {
    const Outcome no_panel = order("panel-9");
    ASSERT_FALSE(no_panel);
    EXPECT_EQ(no_panel.error(), (Error{Fault::not_found, "line riser has no panel \"panel-9\""}));
    const Outcome no_parameter = order("panel-2", ParameterChange{"tou", "", 1, "A", "B"});
    ASSERT_FALSE(no_parameter);
    EXPECT_EQ(no_parameter.error().text,
              "panel panel-2: profile metergate-panel-12 has no parameter \"tou\"");
}

TEST_F(ParametersOfALine, more_than_eight_do_not_wait) {
    int answered = 0;
    int busy = 0;
    for (int i = 0; i < 10; ++i) {
        parameters_->order({"panel-2", {}, [&](const Outcome& outcome) {
                                ++answered;
                                busy += !outcome && outcome.error().fault == Fault::busy ? 1 : 0;
                            }});
    }
    EXPECT_EQ(busy, 2);
    run(minutes{1});
    EXPECT_EQ(answered, 10);
}

TEST_F(ParametersOfALine, everybody_is_answered_when_the_line_ends) {
    int ended = 0;
    for (int i = 0; i < 3; ++i) {
        parameters_->order({"panel-2", {}, [&](const Outcome& outcome) {
                                ended += !outcome && outcome.error().fault == Fault::busy ? 1 : 0;
                            }});
    }
    parameters_->step();
    parameters_->end();
    EXPECT_EQ(ended, 3);
    run(seconds{30});  // what comes back to the first finds nobody
    EXPECT_EQ(ended, 3);
}

/// Its replies get lost, or come late, from the first minute to the second.
class ParametersOfASilentLine : public ParametersOfALine {
  protected:
    /// Whatever happens at any moment of a write, a change is told if and only if it was made.
    void set_while(const std::string& kind, milliseconds after) {
        clock_ = VirtualClock(building::parse_scenario("{}")->start);
        events_.clear();
        make(R"({"at_s": 60, "for_s": 8, "kind": ")" + kind + R"(", "target": "riser"})");
        run(seconds{59} + after);
        const Outcome set = order("panel-2", ct_of_107(400));
        run(minutes{1});
        const Outcome now = order("panel-2");
        ASSERT_TRUE(now) << now.error().text;
        const bool is_set = now->at(3).value == 400;
        EXPECT_EQ(set.has_value(), is_set) << (set ? "" : set.error().text);
        EXPECT_EQ(events_.size(), is_set ? 1U : 0U);
        ++(is_set ? set_ : not_set_);
    }
    int set_ = 0;
    int not_set_ = 0;
};

TEST_F(ParametersOfASilentLine, a_change_is_told_exactly_if_it_was_made) {
    for (const char* kind : {"silent", "late", "garbled", "wrong-unit", "dropped"}) {
        for (milliseconds after{900}; after < milliseconds{1'100}; after += milliseconds{5}) {
            SCOPED_TRACE(std::string(kind) + " " + std::to_string(after.count()));
            set_while(kind, after);
        }
    }
    EXPECT_GT(set_, 0);
    EXPECT_GT(not_set_, 0);
}

TEST_F(ParametersOfALine, metering_goes_on_beside_them) {
    run(minutes{10});
    const int alone = readings_[1];
    for (int i = 0; i < 60; ++i) {
        ASSERT_TRUE(order("panel-1"));
        run(seconds{10});
    }
    EXPECT_GE(readings_[1], 2 * alone);
}

}  // namespace
}  // namespace metergate::southbound

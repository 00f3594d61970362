#include "config/schema/field.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/schema/field_texts.hpp"

namespace metergate::schema {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

enum class Colour { red, green };

struct Wheel {
    std::int64_t spokes = 12;
    bool operator==(const Wheel&) const = default;
};

struct Cart {
    std::string id;
    bool covered = true;
    std::int64_t load_kg = 100;
    std::int64_t gear = 1;
    Colour colour = Colour::red;
    std::optional<Colour> trim;
    std::vector<std::int64_t> numbers;
    std::vector<Wheel> wheels;
    std::optional<Wheel> spare;
    std::optional<Wheel> rail;
    Wheel driver;
    bool operator==(const Cart&) const = default;
};

Table wheel_table() {
    return Table::of<Wheel>("Wheel").with<&Wheel::spokes>(
        integer(0, 40), {.key = "spokes", .label = "Spokes", .seal = Seal::sealed});
}

ShapeFor<Colour> colour() {
    return choice<Colour>({{"red", Colour::red}, {"green", Colour::green}});
}

Table cart_table() {
    return Table::of<Cart>("Cart")
        .with<&Cart::id>(text(8, 1), {.key = "id", .label = "Id", .required = true})
        .with<&Cart::covered>(flag(), {.key = "covered", .label = "Covered"})
        .with<&Cart::load_kg>(integer(1, 500), {.key = "load_kg",
                                                .label = "Load",
                                                .unit = "kg",
                                                .help = "Pay | load",
                                                .seal = Seal::sealed})
        .with<&Cart::gear>(integer_of({1, 2, 4}), {.key = "gear", .label = "Gear"})
        .with<&Cart::colour>(colour(), {.key = "colour", .label = "Colour", .seal = Seal::logged})
        .with<&Cart::trim>(optional(colour()), {.key = "trim", .label = "Trim"})
        .with<&Cart::numbers>(list(integer(1, 9), 3), {.key = "numbers", .label = "Numbers"})
        .with<&Cart::wheels>(list(group<Wheel>(wheel_table()), 4),
                             {.key = "wheels", .label = "Wheels"})
        .with<&Cart::spare>(optional(group<Wheel>(wheel_table())),
                            {.key = "spare", .label = "Spare"})
        .with<&Cart::rail>(optional(group<Wheel>(wheel_table())), {.key = "rail", .label = "Rail"})
        .with<&Cart::driver>(group<Wheel>(wheel_table()), {.key = "driver", .label = "Driver"})
        .exactly_one_of({"spare", "rail"});
}

std::vector<std::string> problems_of(std::string_view text, Cart* cart = nullptr) {
    Cart local;
    Problems problems;
    cart_table().read(*parse_json(text), cart == nullptr ? &local : cart, "", problems);
    std::vector<std::string> texts;
    for (const Problem& problem : problems)
        texts.push_back(problem.path + ": " + problem.text);
    return texts;
}

TEST(Table, reads_every_kind_of_field) {
    Cart cart;
    EXPECT_THAT(problems_of(R"({"id":"a","covered":false,"load_kg":7,"gear":4,"colour":"green",
        "trim":"red","numbers":[1,9],"wheels":[{},{"spokes":3}],"spare":{"spokes":5},
        "driver":{"spokes":6}})",
                            &cart),
                IsEmpty());
    const Cart expected{"a",         false,    7,  4,  Colour::green, Colour::red, {1, 9},
                        {{12}, {3}}, Wheel{5}, {}, {6}};
    EXPECT_EQ(cart, expected);
}

TEST(Table, every_problem_is_reported_in_one_go_with_its_path) {
    EXPECT_THAT(
        problems_of(R"({"covered":1,"load_kg":501,"gear":3,"colour":"gren","numbers":[1,10,"2"],
            "wheels":[{"spokes":-1},7],"driver":{"spoke":1}})"),
        ElementsAre("covered: must be true or false, not a whole number",
                    "load_kg: 501 is outside 1..500", "gear: 3 is none of 1, 2, 4",
                    "colour: \"gren\" is none of red, green; did you mean \"green\"?",
                    "numbers[1]: 10 is outside 1..9",
                    "numbers[2]: must be a whole number, not a string",
                    "wheels[0].spokes: -1 is outside 0..40",
                    "wheels[1]: must be an object, not a whole number",
                    "driver.spoke: unknown key; did you mean \"spokes\"?", "id: is missing",
                    ": exactly one of spare, rail is needed; none is there"));
}

TEST(Table, wrong_types_are_named) {
    EXPECT_THAT(problems_of(R"({"id":null,"load_kg":7.5,"colour":true,"numbers":{},"spare":[]})"),
                ElementsAre("id: must be a string, not null",
                            "load_kg: must be a whole number, not a decimal number",
                            "colour: must be one of red, green, not true or false",
                            "numbers: must be a list, not an object",
                            "spare: must be an object, not a list"));
    EXPECT_THAT(problems_of("[]"), ElementsAre(": must be an object, not a list"));
}

TEST(Table, an_unknown_key_near_nothing_lists_what_is_known) {
    EXPECT_THAT(problems_of(R"({"id":"a","spare":{"temperature":1}})"),
                ElementsAre("spare.temperature: unknown key; known here: spokes"));
}

TEST(Table, two_of_a_group_of_which_one_is_needed_are_refused) {
    EXPECT_THAT(problems_of(R"({"id":"a","spare":{},"rail":{}})"),
                ElementsAre(": exactly one of spare, rail is needed; spare, rail are there"));
}

TEST(Table, texts_are_limited) {
    EXPECT_THAT(problems_of(R"({"id":"","rail":{}})"), ElementsAre("id: must not be empty"));
    EXPECT_THAT(problems_of(R"({"id":"123456789","rail":{}})"),
                ElementsAre("id: has 9 bytes, more than 8"));
    EXPECT_THAT(problems_of(R"({"id":"a\nb","rail":{}})"),
                ElementsAre("id: holds a control character"));
    EXPECT_THAT(problems_of(R"({"id":"a","rail":{},"numbers":[1,2,3,4]})"),
                ElementsAre("numbers: has 4 items, more than 3"));
}

TEST(Table, problems_know_their_place) {
    Cart cart;
    Problems problems;
    cart_table().read(*parse_json("{\"id\": \"a\",\n \"rail\": {},\n  \"lod_kg\": 1}"), &cart, "",
                      problems);
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(text_of(problems[0]),
              "lod_kg: unknown key; did you mean \"load_kg\"? (line 3, column 3)");
}

TEST(Table, writing_leaves_defaults_out_unless_asked_for) {
    Cart cart;
    cart.id = "a";
    cart.spare.emplace();
    cart.load_kg = 7;
    EXPECT_EQ(write_compact(cart_table().write(&cart, {})), R"({"id":"a","load_kg":7,"spare":{}})");
    EXPECT_EQ(write_compact(cart_table().write(&cart, {.defaults = true})),
              R"({"id":"a","covered":true,"load_kg":7,"gear":1,"colour":"red","numbers":[],)"
              R"("wheels":[],"spare":{"spokes":12},"driver":{"spokes":12}})");
}

TEST(Table, writing_can_leave_free_parameters_out) {
    Cart cart;
    cart.wheels.resize(1);
    EXPECT_EQ(write_compact(
                  cart_table().write(&cart, {.defaults = true, .only_sealed_and_logged = true})),
              R"({"load_kg":100,"colour":"red","wheels":[{"spokes":12}],"driver":{"spokes":12}})");
}

TEST(Table, what_is_written_is_read_back_equal) {
    const Cart cart{"a",       false, 7,        2, Colour::green, Colour::green, {3},
                    {{1}, {}}, {},    Wheel{2}, {}};
    Cart read;
    EXPECT_THAT(problems_of(write_compact(cart_table().write(&cart, {})), &read), IsEmpty());
    EXPECT_EQ(read, cart);
}

TEST(Table, its_json_schema_says_what_the_reader_checks) {
    const Json schema = json_schema(cart_table());
    EXPECT_EQ(write_compact(*schema.find("properties")->find("load_kg")),
              R"({"type":"integer","minimum":1,"maximum":500,"title":"Load",)"
              R"("description":"Pay | load","x-unit":"kg","x-seal":"sealed","default":100})");
    EXPECT_EQ(write_compact(*schema.find("required")), R"(["id"])");
    EXPECT_EQ(schema.bool_at("additionalProperties"), false);
    EXPECT_EQ(write_compact(*schema.find("oneOf")),
              R"([{"required":["spare"]},{"required":["rail"]}])");
    EXPECT_EQ(write_compact(*schema.find("properties")->find("trim")->find("enum")),
              R"(["red","green"])");
}

TEST(Table, its_manual_has_a_row_for_each_field) {
    const std::string text = manual(cart_table());
    EXPECT_THAT(text,
                HasSubstr("| `load_kg` | Load. Pay \\| load | kg | 1..500 | `100` | sealed |"));
    EXPECT_THAT(text, HasSubstr("| `id` | Id |  | text, at most 8 bytes | required | free |"));
    EXPECT_THAT(text, HasSubstr("### Wheel (`wheels[]`)"));
    EXPECT_THAT(text, HasSubstr("Exactly one of: spare, rail."));
}

}  // namespace
}  // namespace metergate::schema

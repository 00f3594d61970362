#include "southbound/profile_tables.hpp"

#include <limits>

#include "southbound/profile.hpp"
#include "southbound/profile_shapes.hpp"

namespace metergate::southbound {
namespace {

using schema::choice;
using schema::flag;
using schema::group;
using schema::integer;
using schema::list;
using schema::optional;
using schema::ShapeFor;
using schema::text;
using FieldTable = schema::Table;

constexpr std::size_t sunspec_models_max = 16;
/// The models of a SunSpec profile may list the same quantity each in its own way.
constexpr std::size_t quantities_max = 4 * quantity_count;

ShapeFor<Table> table_name() {
    return choice<Table>({{"holding", Table::holding}, {"input", Table::input}});
}
ShapeFor<RegisterType> type_name() {
    return choice<RegisterType>({{"u16", RegisterType::u16},
                                 {"i16", RegisterType::i16},
                                 {"u32", RegisterType::u32},
                                 {"i32", RegisterType::i32},
                                 {"u64", RegisterType::u64},
                                 {"f32", RegisterType::f32}});
}
ShapeFor<WordOrder> order_name() {
    return choice<WordOrder>({{"big", WordOrder::big}, {"little", WordOrder::little}});
}
ShapeFor<RegisterSide> side_name() {
    return choice<RegisterSide>(
        {{"primary", RegisterSide::primary}, {"secondary", RegisterSide::secondary}});
}
ShapeFor<LogKind> log_kind() {
    return choice<LogKind>({{"windowed", LogKind::windowed}, {"ring", LogKind::ring}});
}
ShapeFor<schema::Seal> seal_name() {
    return choice<schema::Seal>({{"sealed", schema::Seal::sealed},
                                 {"logged", schema::Seal::logged},
                                 {"free", schema::Seal::free}});
}

ShapeFor<Quantity> quantity_name() {
    std::vector<std::pair<std::string, Quantity>> names;
    for (std::size_t i = 0; i < quantity_count; ++i) {
        const auto quantity = static_cast<Quantity>(i);
        names.emplace_back(facts_of(quantity).name, quantity);
    }
    return choice(names);
}

ShapeFor<EventKind> event_kind_name() {
    std::vector<std::pair<std::string, EventKind>> names;
    for (std::size_t i = 0; i < event_kind_count; ++i) {
        const auto kind = static_cast<EventKind>(i);
        names.emplace_back(metergate::name_of(kind), kind);
    }
    return choice(names);
}

ShapeFor<Flag> flag_name() {
    std::vector<std::pair<std::string, Flag>> names;
    for (unsigned bit = 0; bit < 32; ++bit) {
        const auto known = names_of(Flags::from_bits(1U << bit));
        if (!known.empty()) {
            names.emplace_back(known.front(), static_cast<Flag>(1U << bit));
        }
    }
    return choice(names);
}

// ---- Tables ----

schema::Field field(std::string key, std::string label, std::string unit = "",
                    std::string help = "") {
    return {.key = std::move(key),
            .label = std::move(label),
            .unit = std::move(unit),
            .help = std::move(help)};
}
schema::Field required(std::string key, std::string label, std::string help = "") {
    return {.key = std::move(key),
            .label = std::move(label),
            .help = std::move(help),
            .required = true};
}

schema::Field table_field() {
    return field("table", "Table", "", "holding = function 3, input = function 4");
}
schema::Field order_field() {
    return field("word_order", "Word order", "", "big = the most significant register first");
}
schema::Field pattern_field() {
    return field("not_available", "Pattern of a value that is not available", "",
                 "all bits of the value, such as \"0xFFFFFFFF\"");
}

FieldTable register_table() {
    return FieldTable::of<RegisterField>("Register")
        .with<&RegisterField::table>(table_name(), table_field())
        .with<&RegisterField::address>(number16(),
                                       required("address", "Address", "as on the wire, from 0"))
        .with<&RegisterField::type>(type_name(), required("type", "Type"))
        .with<&RegisterField::order>(order_name(), order_field());
}
ShapeFor<RegisterField> one_register() {
    return group<RegisterField>(register_table());
}

/// Moments. The names are those of the registers' types; the two others are of moments alone.
FieldTable time_table() {
    return FieldTable::of<TimeField>("Moment")
        .with<&TimeField::table>(table_name(), table_field())
        .with<&TimeField::address>(number16(),
                                   required("address", "Address", "as on the wire, from 0"))
        .with<&TimeField::form>(choice<TimeForm>({{"u32", TimeForm::seconds},
                                                  {"civil-bytes", TimeForm::civil_bytes},
                                                  {"civil-words", TimeForm::civil_words}}),
                                required("type", "Type", "u32 = seconds since 1970 UTC"))
        .with<&TimeField::order>(order_name(), order_field());
}
ShapeFor<TimeField> moment() {
    return group<TimeField>(time_table());
}

ShapeFor<std::vector<ExpectedRegister>> expected_registers() {
    return list(
        group<ExpectedRegister>(
            FieldTable::of<ExpectedRegister>("Expected content")
                .with<&ExpectedRegister::address>(number16(), required("address", "Register"))
                .with<&ExpectedRegister::value>(number16(), required("value", "Content"))),
        125);
}

FieldTable identity_table() {
    return FieldTable::of<ProfileIdentity>("Identity")
        .with<&ProfileIdentity::table>(table_name(), table_field())
        .with<&ProfileIdentity::address>(number16(), required("address", "First register"))
        .with<&ProfileIdentity::count>(number16(1, 125), required("count", "Registers"))
        .with<&ProfileIdentity::expected>(
            expected_registers(),
            field("expected", "Expected content", "", "tells this model from others"))
        .with<&ProfileIdentity::serial>(one_register(), required("serial", "Serial number"))
        .with<&ProfileIdentity::optional>(
            flag(), field("optional", "Optional", "", "some firmware refuses these registers"));
}

FieldTable sunspec_table() {
    using Model = ProfileSunspec::Model;
    return FieldTable::of<ProfileSunspec>("SunSpec device")
        .with<&ProfileSunspec::bases>(
            list(number16(), 8), required("bases", "Where the chain may begin", "in this order"))
        .with<&ProfileSunspec::models>(
            list(group<Model>(FieldTable::of<Model>("Model")
                                  .with<&Model::id>(number16(2, 0xFFFE), required("id", "Id"))
                                  .with<&Model::length>(
                                      number16(1), required("length", "Registers",
                                                            "behind the model's id and length"))),
                 sunspec_models_max),
            required("models", "Models", "the first of these in the chain is read"));
}

FieldTable limits_table() {
    return FieldTable::of<ProfileLimits>("Limits")
        .with<&ProfileLimits::registers_max>(number16(1, 125),
                                             field("registers_max", "Registers a request"))
        .with<&ProfileLimits::hole_registers_max>(
            number16(0, 124), field("hole_registers_max", "Unlisted registers in between", "",
                                    "that the panel lets one read across"))
        .with<&ProfileLimits::min_gap_ms>(integer(0, 1000),
                                          field("min_gap_ms", "Pause before a request", "ms"))
        .with<&ProfileLimits::gap_max_ms>(
            integer(0, 1000), field("gap_max_ms", "Longest learned pause", "ms",
                                    "after the panel's own reply, if it ignores hurried requests"))
        .with<&ProfileLimits::turnaround_ms>(integer(0, 10'000),
                                             field("turnaround_ms", "Usual time to answer", "ms"))
        .with<&ProfileLimits::timeout_ms>(integer(10, 10'000),
                                          field("timeout_ms", "Longest time to answer", "ms",
                                                "the reply's own length comes on top"))
        .with<&ProfileLimits::timeout_min_ms>(
            integer(10, 10'000), field("timeout_min_ms", "Shortest wait for an answer", "ms",
                                       "a panel that answers quicker is given this long"))
        .with<&ProfileLimits::late_limit_ms>(
            integer(10, 60'000), field("late_limit_ms", "A reply may come this late", "ms",
                                       "until then the panel is not asked again"));
}

FieldTable quantity_table() {
    return FieldTable::of<ProfileQuantity>("Quantity")
        .with<&ProfileQuantity::quantity>(quantity_name(), required("name", "Quantity"))
        .with<&ProfileQuantity::models>(
            list(number16(1), sunspec_models_max),
            field("models", "SunSpec models that have it", "",
                  "addresses then count from the model's first register"))
        .with<&ProfileQuantity::table>(table_name(), table_field())
        .with<&ProfileQuantity::address>(number16(), field("address", "Address of the first point",
                                                           "", "as on the wire, from 0"))
        .with<&ProfileQuantity::stride>(number16(), field("stride", "Registers from point to point",
                                                          "", "0 = all points share the value"))
        .with<&ProfileQuantity::addresses>(
            list(number16(), points_per_panel_max),
            field("addresses", "Address of each point", "", "instead of address and stride"))
        .with<&ProfileQuantity::type>(type_name(), required("type", "Type"))
        .with<&ProfileQuantity::order>(order_name(), order_field())
        .with<&ProfileQuantity::scale>(
            exact_ratio(),
            field("scale", "Scale", "", "thousandths of the unit per count: Wh, W, mA, mV, mHz"))
        .with<&ProfileQuantity::scale_register>(
            optional(number16()),
            field("scale_register", "Scale register", "", "its power of ten multiplies the scale"))
        .with<&ProfileQuantity::modulus>(
            optional(integer(1, std::numeric_limits<std::int64_t>::max())),
            field("modulus", "Modulus", "counts", "where the register begins again at 0"))
        .with<&ProfileQuantity::side>(
            side_name(),
            field("side", "Side", "", "secondary = CT and PT ratios are still to be applied"))
        .with<&ProfileQuantity::not_available>(patterns(), pattern_field());
}

FieldTable clock_table() {
    return FieldTable::of<ProfileClock>("Clock")
        .with<&ProfileClock::time>(moment(), required("time", "What it shows"))
        .with<&ProfileClock::writable>(flag(), field("writable", "Can be set"))
        .with<&ProfileClock::state>(optional(one_register()), field("state", "State"))
        .with<&ProfileClock::valid_mask>(
            number16(1), field("valid_mask", "Bits of the state that say the time is right"));
}

FieldTable parameter_table() {
    return FieldTable::of<ProfileParameter>("Parameter")
        .with<&ProfileParameter::name>(text(64, 1), required("name", "Name"))
        .with<&ProfileParameter::unit>(text(16), field("unit", "Unit"))
        .with<&ProfileParameter::table>(table_name(), table_field())
        .with<&ProfileParameter::address>(number16(), required("address", "Address"))
        .with<&ProfileParameter::stride>(
            number16(), field("stride", "Registers from point to point", "", "0 = one for all"))
        .with<&ProfileParameter::type>(type_name(), required("type", "Type"))
        .with<&ProfileParameter::order>(order_name(), order_field())
        .with<&ProfileParameter::writable>(flag(), field("writable", "Can be set"))
        .with<&ProfileParameter::seal>(seal_name(), required("seal", "Seal class"))
        .with<&ProfileParameter::minimum>(integer(std::numeric_limits<std::int32_t>::min(),
                                                  std::numeric_limits<std::uint32_t>::max()),
                                          field("minimum", "Least value"))
        .with<&ProfileParameter::maximum>(integer(std::numeric_limits<std::int32_t>::min(),
                                                  std::numeric_limits<std::uint32_t>::max()),
                                          field("maximum", "Greatest value"));
}

FieldTable log_value_table() {
    return FieldTable::of<LogValue>("Logged value")
        .with<&LogValue::quantity>(quantity_name(), required("name", "Quantity"))
        .with<&LogValue::is_register>(flag(), field("is_register", "Register", "",
                                                    "at the slot's end; else the increment in it"))
        .with<&LogValue::table>(table_name(), table_field())
        .with<&LogValue::address>(number16(), required("address", "Address of the first point"))
        .with<&LogValue::stride>(number16(), field("stride", "Registers from point to point"))
        .with<&LogValue::type>(type_name(), required("type", "Type"))
        .with<&LogValue::order>(order_name(), order_field())
        .with<&LogValue::scale>(exact_ratio(), field("scale", "Scale"))
        .with<&LogValue::not_available>(optional(pattern()), pattern_field());
}

FieldTable interval_log_table() {
    const auto log_flag = FieldTable::of<LogFlag>("Flag of a slot")
                              .with<&LogFlag::mask>(number16(1), required("mask", "Bits"))
                              .with<&LogFlag::flag>(flag_name(), required("flag", "Meaning"));
    return FieldTable::of<ProfileIntervalLog>("Interval log")
        .with<&ProfileIntervalLog::kind>(log_kind(), required("kind", "Kind"))
        .with<&ProfileIntervalLog::capacity>(one_register(), required("capacity", "Slots kept"))
        .with<&ProfileIntervalLog::length_minutes>(
            one_register(), required("length_minutes", "Length of a slot in minutes"))
        .with<&ProfileIntervalLog::oldest>(optional(one_register()),
                                           field("oldest", "Number of the oldest slot", "",
                                                 "absent: slots count from the oldest kept"))
        .with<&ProfileIntervalLog::newest>(one_register(),
                                           required("newest", "Number of the newest slot"))
        .with<&ProfileIntervalLog::window>(optional(one_register()),
                                           field("window", "Where the wanted number is written"))
        .with<&ProfileIntervalLog::window_first>(
            pattern(), field("window_first", "What is written there for slot 1"))
        .with<&ProfileIntervalLog::shown>(optional(one_register()),
                                          field("shown", "Number of the slot shown"))
        .with<&ProfileIntervalLog::shown_first>(
            pattern(), field("shown_first", "What stands there for slot 1"))
        .with<&ProfileIntervalLog::ready_ms>(
            integer(0, 10'000),
            field("ready_ms", "Longest time until a slot is shown", "ms",
                  "until then the window shows nothing valid; a slot is then read at once"))
        .with<&ProfileIntervalLog::ring_slots>(number16(),
                                               field("ring_slots", "Places of the ring"))
        .with<&ProfileIntervalLog::ring_stride>(
            number16(), field("ring_stride", "Registers from place to place"))
        .with<&ProfileIntervalLog::end>(moment(), required("end", "End of the slot"))
        .with<&ProfileIntervalLog::flags>(optional(one_register()), field("flags", "Flags"))
        .with<&ProfileIntervalLog::flag_masks>(list(group<LogFlag>(log_flag), 16),
                                               field("flag_masks", "Meaning of the flags"))
        .with<&ProfileIntervalLog::values>(list(group<LogValue>(log_value_table()), 32),
                                           required("values", "Values"))
        .with<&ProfileIntervalLog::expected>(expected_registers(),
                                             field("expected", "What the log is set to hold", "",
                                                   "holding registers and their content"));
}

FieldTable event_log_table() {
    const auto kind =
        FieldTable::of<LogEventKind>("Kind of event")
            .with<&LogEventKind::number>(number16(), required("number", "Number"))
            .with<&LogEventKind::kind>(event_kind_name(), required("kind", "Meaning"));
    return FieldTable::of<ProfileEventLog>("Event log")
        .with<&ProfileEventLog::kind>(log_kind(), required("kind", "Kind"))
        .with<&ProfileEventLog::oldest>(one_register(),
                                        required("oldest", "Number of the oldest event"))
        .with<&ProfileEventLog::newest>(one_register(),
                                        required("newest", "Number of the newest event"))
        .with<&ProfileEventLog::window>(optional(one_register()),
                                        field("window", "Where the first wanted number is written"))
        .with<&ProfileEventLog::count>(number16(1), required("count", "Events shown at once"))
        .with<&ProfileEventLog::stride>(number16(),
                                        required("stride", "Registers from event to event"))
        .with<&ProfileEventLog::number>(one_register(),
                                        required("number", "Number of the first event"))
        .with<&ProfileEventLog::event_kind>(one_register(), required("event_kind", "Its kind"))
        .with<&ProfileEventLog::phase>(optional(one_register()), field("phase", "Its phase"))
        .with<&ProfileEventLog::start>(one_register(), required("start", "Its start"))
        .with<&ProfileEventLog::end>(optional(one_register()), field("end", "Its end"))
        .with<&ProfileEventLog::kinds>(list(group<LogEventKind>(kind), 64),
                                       required("kinds", "Meaning of the kinds"));
}

}  // namespace

FieldTable profile_table() {
    return FieldTable::of<Profile>("Panel profile")
        .with<&Profile::schema>(schema::integer_of({1}),
                                required("schema", "Version of this schema"))
        .with<&Profile::name>(text(64, 1), required("name", "Name", "as the settings name it"))
        .with<&Profile::title>(text(128, 1), required("title", "Title", "for people"))
        .with<&Profile::source>(
            text(512, 1), required("source", "Source", "the public document the map comes from"))
        .with<&Profile::points>(number16(1, points_per_panel_max - 1), required("points", "Points"))
        .with<&Profile::channels>(number16(1, 255), required("channels", "Channels"))
        .with<&Profile::identity>(optional(group<ProfileIdentity>(identity_table())),
                                  field("identity", "Identity"))
        .with<&Profile::sunspec>(optional(group<ProfileSunspec>(sunspec_table())),
                                 field("sunspec", "SunSpec", "",
                                       "the registers are found at run time; instead of identity"))
        .with<&Profile::limits>(group<ProfileLimits>(limits_table()), field("limits", "Limits"))
        .with<&Profile::quantities>(list(group<ProfileQuantity>(quantity_table()), quantities_max),
                                    required("quantities", "Quantities"))
        .with<&Profile::clock>(optional(group<ProfileClock>(clock_table())),
                               field("clock", "Clock"))
        .with<&Profile::parameters>(list(group<ProfileParameter>(parameter_table()), 64),
                                    field("parameters", "Parameters"))
        .with<&Profile::interval_log>(optional(group<ProfileIntervalLog>(interval_log_table())),
                                      field("interval_log", "Interval log"))
        .with<&Profile::event_log>(optional(group<ProfileEventLog>(event_log_table())),
                                   field("event_log", "Event log"));
}

}  // namespace metergate::southbound

#include "southbound/interval_log_layout.hpp"

#include <gtest/gtest.h>

#include <string>

namespace metergate::southbound {
namespace {

/// Two points; kWh in tenths; the log's registers as the argument says.
Profile profile_with(const std::string& log) {
    auto profile = profile_from_json(R"({"schema": 1, "name": "logger", "title": "A logger",
        "source": "made up for this test", "points": 2, "channels": 2,
        "limits": {"registers_max": 8},
        "quantities": [{"name": "kwh", "address": 0, "stride": 2, "type": "u32", "scale": 100,
                        "side": "secondary"}],
        "interval_log": )" + log + "}");
    if (!profile) {
        ADD_FAILURE() << profile.error().text;
        return {};
    }
    return *profile;
}

constexpr const char* header = R"("capacity": {"address": 100, "type": "u16"},
    "length_minutes": {"address": 101, "type": "u16"}, "oldest": {"address": 102, "type": "u16"},
    "newest": {"address": 103, "type": "u16"},)";

PanelSetup setup_of(std::int64_t ct_primary_a) {
    PanelSetup setup;
    setup.unit = 9;
    setup.points = {{PointNumber{1}, 1, {}, {}}, {PointNumber{2}, 2, {}, {}}};
    setup.points[1].transformers.ct_primary_ma = ct_primary_a * 1000;
    setup.points[1].transformers.ct_secondary_ma = 5000;
    return setup;
}

std::string text_of(const std::vector<RegisterSpan>& spans) {
    std::string text;
    for (const RegisterSpan& span : spans) {
        text += (text.empty() ? "" : " ") + std::to_string(span.address) + "+" +
                std::to_string(span.count);
    }
    return text;
}

const std::string ring = std::string(R"({"kind": "ring", "ring_slots": 10, "ring_stride": 7,)") +
                         header + R"("end": {"address": 200, "type": "u32", "word_order": "little"},
    "flags": {"address": 202, "type": "u16"}, "flag_masks": [{"mask": 2, "flag": "LONG"}],
    "values": [{"name": "kwh", "is_register": true, "address": 203, "stride": 2, "type": "u32",
                "scale": 100, "not_available": "0xFFFFFFFF"}]})";

TEST(IntervalLogLayout, a_place_of_a_ring_is_read_where_its_number_puts_it) {
    const IntervalLogLayout layout(setup_of(5), profile_with(ring));
    EXPECT_EQ(text_of(layout.slot_spans(1)), "200+7");
    EXPECT_EQ(text_of(layout.slot_spans(13)), "214+7");
    EXPECT_EQ(text_of(layout.slot_spans(20)), "263+7");
    EXPECT_EQ(text_of(layout.extent_spans()), "100+4");
    EXPECT_FALSE(layout.window_request(13));
}

TEST(IntervalLogLayout, values_are_scaled_as_readings_are) {
    const IntervalLogLayout layout(setup_of(200), profile_with(ring));
    RegisterBook book;
    book.keep({Table::holding, 214, 7}, {0x1234, 0x6800, 2, 0, 50, 0, 7});
    const LoggedSlot slot = layout.slot_of(13, book);
    EXPECT_EQ(epoch_s(layout.end_of(13, book).value()), 0x6800'1234);
    EXPECT_EQ(slot.flags, Flags(Flag::long_interval));
    ASSERT_EQ(slot.values.size(), 2U);
    const auto multiplier = multiplier_for(Quantity::energy_delivered, RegisterSide::secondary,
                                           setup_of(200).points[1].transformers);
    EXPECT_EQ(slot.values[1].reg, multiplied(700, multiplier));
    EXPECT_NE(slot.values[1].reg, 700);
    EXPECT_FALSE(slot.values[1].increment);
    book.keep({Table::holding, 217, 2}, {0xFFFF, 0xFFFF});
    EXPECT_FALSE(layout.slot_of(13, book).values[0].reg) << "not available";
    EXPECT_FALSE(layout.slot_of(12, book).values[0].reg) << "not read";
}

std::string windowed(const std::string& window) {
    return std::string(R"({"kind": "windowed",)") + header + R"("window": )" + window +
           R"(, "shown": {"address": 300, "type": "u16"}, "end": {"address": 301, "type": "u32"},
           "values": [{"name": "kwh", "address": 310, "stride": 4, "type": "u32"}]})";
}

TEST(IntervalLogLayout, the_number_shown_is_read_last) {
    const IntervalLogLayout layout(setup_of(5),
                                   profile_with(windowed(R"({"address": 104, "type": "u16"})")));
    EXPECT_EQ(text_of(layout.slot_spans(4)), "310+2 314+2 300+3");
    EXPECT_EQ(text_of(layout.stamp_spans(4)), "300+3");
    RegisterBook book;
    book.keep({Table::holding, 300, 3}, {4, 0x6800, 0});
    EXPECT_EQ(layout.shown(5, book), 4U);
    EXPECT_EQ(epoch_s(layout.end_of(4, book).value()), 0x6800'0000);
}

TEST(IntervalLogLayout, a_window_is_written_by_its_width_and_word_order) {
    const auto pdu = [](const std::string& window) {
        const IntervalLogLayout layout(setup_of(5), profile_with(windowed(window)));
        return layout.window_request(0x0001'0203)->pdu;
    };
    EXPECT_EQ(pdu(R"({"address": 260, "type": "u16"})"), (Pdu{6, 1, 4, 2, 3}));
    EXPECT_EQ(pdu(R"({"address": 260, "type": "u32"})"), (Pdu{16, 1, 4, 0, 2, 4, 0, 1, 2, 3}));
    EXPECT_EQ(pdu(R"({"address": 260, "type": "u32", "word_order": "little"})"),
              (Pdu{16, 1, 4, 0, 2, 4, 2, 3, 0, 1}));
}

}  // namespace
}  // namespace metergate::southbound

#include "southbound/device_texts.hpp"

#include <gtest/gtest.h>

namespace metergate::southbound {
namespace {

Pdu with_text(Pdu pdu, std::string_view text) {
    pdu.insert(pdu.end(), text.begin(), text.end());
    return pdu;
}

TEST(DeviceTexts, the_objects_of_43_14_are_read_and_the_next_one_is_known) {
    const Pdu pdu = with_text({43, 14, 1, 1, 0xFF, 2, 1, 0, 7}, "Example");
    const auto objects = device_objects(pdu);
    ASSERT_TRUE(objects);
    ASSERT_EQ(objects->objects.size(), 1U);
    EXPECT_EQ(objects->objects[0].text, "Example");
    EXPECT_EQ(objects->next, 2);
    EXPECT_EQ(device_identification_pdu(2), (Pdu{43, 14, 1, 2}));
}

TEST(DeviceTexts, objects_that_break_off_are_none) {
    Pdu pdu = with_text({43, 14, 1, 1, 0, 0, 1, 0, 7}, "Example");
    for (; !pdu.empty(); pdu.pop_back()) {
        const bool is_whole = pdu.size() == 16;
        EXPECT_EQ(device_objects(pdu).has_value(), is_whole) << pdu.size();
    }
}

TEST(DeviceTexts, the_words_of_a_server_id_are_found_among_its_bytes) {
    EXPECT_EQ(server_id_text(with_text({17, 8, 9, 0xFF}, "PM-200")), "PM-200");
    EXPECT_EQ(server_id_text(Pdu{17, 3, 9, 0xFF, 1}), "id 09 FF 01");
    EXPECT_EQ(server_id_text(Pdu{3, 2, 0, 0}), std::nullopt);
}

}  // namespace
}  // namespace metergate::southbound

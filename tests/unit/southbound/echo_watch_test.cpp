#include "southbound/modbus/echo_watch.hpp"

#include <gtest/gtest.h>

#include "tests/support/modbus_frames.hpp"

namespace metergate::southbound::modbus {
namespace {

using Look = EchoWatch::Look;

class EchoOfWire : public ::testing::Test {
  protected:
    EchoOfWire() { watch_.opened(); }

    /// A read whose reply comes after an echo, or without one.
    void read(bool echo) {
        watch_.sent(read_);
        if (echo) {
            EXPECT_EQ(watch_.look(joined(read_, reply_)), Look::echo);
            watch_.stripped();
        }
        EXPECT_EQ(watch_.look(reply_), Look::no_echo);
        EXPECT_TRUE(watch_.answered());
    }
    void read_in_vain(bool echo) {
        watch_.sent(read_);
        if (echo) {
            watch_.stripped();
        }
        watch_.silent();
    }

    const Bytes read_ = with_crc({5, 3, 0, 100, 0, 2});
    const Bytes reply_ = rtu_reply(5, 3, {1, 2});
    const Bytes write_ = with_crc({5, 6, 0, 1, 0, 3});
    EchoWatch watch_;
};

TEST_F(EchoOfWire, is_known_after_the_first_reply_and_told_once) {
    EXPECT_FALSE(watch_.take_news());
    read(true);
    EXPECT_TRUE(watch_.hears_itself());
    EXPECT_EQ(watch_.take_news(), std::optional(true));
    read(true);
    EXPECT_EQ(watch_.take_news(), std::nullopt);
}

TEST_F(EchoOfWire, is_nothing_to_tell_where_there_is_none) {
    read(false);
    EXPECT_FALSE(watch_.hears_itself());
    EXPECT_EQ(watch_.take_news(), std::nullopt);
}

TEST_F(EchoOfWire, is_known_even_if_no_panel_answers) {
    read_in_vain(true);
    EXPECT_TRUE(watch_.hears_itself());
}

TEST_F(EchoOfWire, may_still_be_coming_while_its_beginning_is_there) {
    watch_.sent(read_);
    EXPECT_EQ(watch_.look(Bytes{}), Look::no_echo);
    EXPECT_EQ(watch_.look(Bytes{5, 3}), Look::perhaps);
    EXPECT_EQ(watch_.look(Bytes{5, 3, 4}), Look::no_echo);
}

TEST_F(EchoOfWire, stands_only_once_before_a_reply) {
    watch_.sent(read_);
    watch_.stripped();
    EXPECT_EQ(watch_.look(read_), Look::no_echo);
}

TEST_F(EchoOfWire, of_a_single_write_is_never_taken_for_its_reply) {
    watch_.sent(write_);
    EXPECT_EQ(watch_.look(write_), Look::no_echo);
    EXPECT_FALSE(watch_.answered()) << "nothing is known of the wire yet";
    read(true);
    watch_.sent(write_);
    EXPECT_EQ(watch_.look(joined(write_, write_)), Look::echo);
    watch_.stripped();
    EXPECT_TRUE(watch_.answered()) << "the second copy";
}

TEST_F(EchoOfWire, is_not_learned_from_single_writes) {
    read(false);
    for (int i = 0; i < 5; ++i) {
        watch_.sent(write_);
        EXPECT_TRUE(watch_.answered());
    }
    EXPECT_FALSE(watch_.hears_itself());
    read(true);
    watch_.sent(write_);
    EXPECT_FALSE(watch_.answered()) << "an echo was seen a moment ago: who knows";
}

TEST_F(EchoOfWire, that_vanishes_is_believed_and_told_after_three_requests) {
    read(true);
    ASSERT_EQ(watch_.take_news(), std::optional(true));
    read(false);
    read_in_vain(false);
    EXPECT_TRUE(watch_.hears_itself());
    EXPECT_EQ(watch_.take_news(), std::nullopt);
    read(false);
    EXPECT_FALSE(watch_.hears_itself());
    EXPECT_EQ(watch_.take_news(), std::optional(false));
    watch_.sent(write_);
    EXPECT_EQ(watch_.look(write_), Look::no_echo);
    EXPECT_TRUE(watch_.answered());
}

TEST_F(EchoOfWire, that_is_spoilt_once_is_still_one) {
    read(true);
    read(false);
    read(true);
    read(false);
    read(false);
    EXPECT_TRUE(watch_.hears_itself());
}

TEST_F(EchoOfWire, of_the_same_adapter_is_not_told_again_when_the_port_is_opened_anew) {
    read(true);
    ASSERT_TRUE(watch_.take_news());
    watch_.opened();
    EXPECT_FALSE(watch_.hears_itself());
    EXPECT_EQ(watch_.take_news(), std::nullopt);
    read(true);
    EXPECT_EQ(watch_.take_news(), std::nullopt);
    watch_.opened();
    read(false);
    EXPECT_EQ(watch_.take_news(), std::optional(false)) << "another adapter";
}

}  // namespace
}  // namespace metergate::southbound::modbus

#include "config/schema/utc_text.hpp"

#include <gtest/gtest.h>

namespace metergate::schema {
namespace {

TEST(UtcText, a_time_is_read_and_written_back) {
    const auto time = utc_from_text("2025-03-01T06:07:08Z");
    ASSERT_TRUE(time);
    EXPECT_EQ(epoch_s(*time), 1'740'809'228);
    EXPECT_EQ(utc_text(*time), "2025-03-01T06:07:08Z");
    EXPECT_EQ(utc_text(*utc_from_text("2024-02-29T23:59:59Z")), "2024-02-29T23:59:59Z");
}

TEST(UtcText, what_is_no_utc_time_is_not_read) {
    for (const char* text :
         {"", "now", "2025-03-01", "2025-03-01T06:07:08", "2025-03-01T06:07:08+01:00",
          "2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-01-01T24:00:00Z",
          "2025-01-01T00:60:00Z", "1999-12-31T23:59:59Z", "2025-03-01T06:07:08Z ",
          "+025-03-01T06:07:08Z"}) {
        EXPECT_FALSE(utc_from_text(text)) << text;
    }
}

}  // namespace
}  // namespace metergate::schema

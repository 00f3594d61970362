#include "northbound/influx_encoder.hpp"

#include <gtest/gtest.h>

#include "tests/support/sample_building.hpp"

namespace metergate::northbound {
namespace {

TEST(InfluxEncoder, has_a_line_a_record_with_every_field_but_values_that_are_not_there) {
    Batch batch = support::sample_batch(1, support::east);
    ASSERT_EQ(batch.records.size(), 2U);
    batch.revision = 3;
    for (Record& row : batch.records) {
        row.end = utc_from_s(1'700'001'000);
        row.start = utc_from_s(1'700'000'100);
        row.series = support::kwh_15min;
        row.revision = 3;
    }
    batch.records[0].value = 251;
    batch.records[0].reg = 1'000'251;
    batch.records[0].flags = Flag::long_interval;
    batch.records[1].value.reset();
    batch.records[1].reg.reset();
    batch.records[1].flags = Flag::missing;
    EXPECT_EQ(encode_influx(batch, support::sample_directory()),
              "interval,gateway=tower-1,panel=east,point=east-1,series=kwh-15min "
              "missing=0i,long=1i,short=0i,start=1700000100i,revision=3i,value=0.251,"
              "register=1000.251 1700001000\n"
              "interval,gateway=tower-1,panel=east,point=east-2,series=kwh-15min "
              "missing=1i,long=0i,short=0i,start=1700000100i,revision=3i 1700001000\n");
}

TEST(InfluxEncoder, has_nothing_for_a_batch_of_events) {
    Batch batch = support::sample_batch(1, support::east);
    batch.records.clear();
    batch.events.push_back(Event{});
    EXPECT_EQ(encode_influx(batch, support::sample_directory()), "");
}

}  // namespace
}  // namespace metergate::northbound

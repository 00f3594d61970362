#include "storage/rows.hpp"

namespace metergate::storage {

Record record_of(const Statement& row) {
    Record record;
    record.end = utc_from_s(row.integer(0));
    record.point = PointNumber{static_cast<std::uint32_t>(row.integer(1))};
    record.series = SeriesNumber{static_cast<std::uint32_t>(row.integer(2))};
    record.revision = static_cast<std::uint32_t>(row.integer(3));
    record.start = utc_from_s(row.integer(4));
    record.value = row.optional_integer(5);
    record.reg = row.optional_integer(6);
    record.flags = Flags::from_bits(static_cast<std::uint32_t>(row.integer(7)));
    record.origin = static_cast<Origin>(row.integer(8));
    record.uncertainty = row.integer(9);
    return record;
}

Event event_of(const Statement& row) {
    Event event;
    event.seq = row.integer(0);
    event.at = utc_from_ms(row.integer(1));
    event.clock_ok = row.integer(2) != 0;
    event.panel = PanelNumber{static_cast<std::uint32_t>(row.integer(3))};
    event.source = row.text(4);
    event.kind = static_cast<EventKind>(row.integer(5));
    event.phase = row.text(6);
    event.occurrence = static_cast<std::uint32_t>(row.integer(7));
    event.start = utc_from_ms(row.integer(8));
    if (const auto end = row.optional_integer(9)) {
        event.end = utc_from_ms(*end);
    }
    event.old_value = row.text(10);
    event.new_value = row.text(11);
    event.text = row.text(12);
    return event;
}

}  // namespace metergate::storage

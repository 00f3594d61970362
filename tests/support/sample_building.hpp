#pragma once

#include <cstdint>
#include <utility>

#include "gateway/model/record.hpp"
#include "gateway/record/directory.hpp"

/// A small building for tests of what is published: panels east (1) and west (2), two points each,
/// energy every 15 minutes and power-quality free.
namespace metergate::support {

inline constexpr PanelNumber east{1};
inline constexpr PanelNumber west{2};
inline constexpr SeriesNumber kwh_15min{1};
inline constexpr SeriesNumber kwh_1h{2};

inline record::Directory sample_directory() {
    record::Directory directory;
    directory.gateway = "tower-1";
    directory.gateway_name = "Tower \"One\"";
    directory.zone = "America/New_York";
    for (const auto& [number, id] : {std::pair{east, "east"}, std::pair{west, "west"}}) {
        record::Directory::Panel panel{number, id, "riser-1", "Panel", "metergate-panel-24", {}};
        for (std::uint32_t index = 0; index < 2; ++index) {
            record::Directory::Point point;
            point.number = point_number(number, index);
            point.id = std::string(id) + "-" + std::to_string(index + 1);
            point.name = "Caf\u00e9";
            point.role = "tenant";
            point.suite = "4B";
            point.elements = {{static_cast<std::uint8_t>(17 + index), Phase::a, false}};
            point.series = {kwh_15min, kwh_1h};
            panel.points.push_back(point);
        }
        directory.panels.push_back(panel);
    }
    Series hourly;
    hourly.length = std::chrono::hours{1};
    directory.series = {{kwh_15min, Series{}, "kwh-15min"}, {kwh_1h, hourly, "kwh-1h"}};
    return directory;
}

/// Batch number `seq` of a panel: one record of each of its points.
inline Batch sample_batch(std::int64_t seq, PanelNumber panel = east) {
    Batch batch;
    batch.seq = BatchSeq{seq};
    batch.panel = panel;
    batch.number = static_cast<std::uint64_t>(seq);
    batch.end = utc_from_s(1'700'000'100 + 900 * seq);
    for (std::uint32_t index = 0; index < 2; ++index) {
        Record record;
        record.end = batch.end;
        record.start = batch.end - std::chrono::seconds{900};
        record.point = point_number(panel, index);
        record.series = kwh_15min;
        record.value = 250 + seq;
        record.reg = 1'000'000 + 250 * seq;
        batch.records.push_back(record);
    }
    return batch;
}

}  // namespace metergate::support

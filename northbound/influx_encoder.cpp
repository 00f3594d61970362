#include "northbound/influx_encoder.hpp"

#include <fmt/format.h>

#include "northbound/native_encoder.hpp"

namespace metergate::northbound {
namespace {

int as_figure(bool yes) {
    return yes ? 1 : 0;
}

/// Ids and codes have no character that the protocol would want escaped.
std::string line_of(const Record& row, const std::string& panel,
                    const record::Directory& directory) {
    const auto* point = directory.find_point(row.point);
    const auto* series = directory.find_series(row.series);
    std::string line = fmt::format(
        "interval,gateway={},panel={},point={},series={} missing={}i,long={}i,short={}i,start={}i,"
        "revision={}i",
        directory.gateway, panel,
        point == nullptr ? fmt::format("_point_{}", raw(row.point)) : point->id,
        series == nullptr ? fmt::format("_series_{}", raw(row.series)) : series->code,
        as_figure(!row.value), as_figure(row.flags.has(Flag::long_interval)),
        as_figure(row.flags.has(Flag::short_interval)), epoch_s(row.start), row.revision);
    if (row.value) {
        line += ",value=" + decimal_text(*row.value);
    }
    if (row.reg) {
        line += ",register=" + decimal_text(*row.reg);
    }
    return line + fmt::format(" {}\n", epoch_s(row.end));
}

}  // namespace

std::string encode_influx(const Batch& batch, const record::Directory& directory) {
    const std::string panel = panel_name(directory, batch.panel);
    std::string lines;
    for (const Record& row : batch.records) {
        lines += line_of(row, panel, directory);
    }
    return lines;
}

}  // namespace metergate::northbound

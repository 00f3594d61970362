#pragma once

#include <string>

#include "gateway/model/record.hpp"
#include "gateway/record/directory.hpp"

namespace metergate::northbound {

/// The records of a batch in InfluxDB's line protocol, a line each, times in seconds; empty if it
/// has none. A later revision of a slot has the same tags and time, so that it replaces the one
/// before wherever equal lines do: that is why every field is in every line but those without a
/// value. Pure; any thread.
[[nodiscard]] std::string encode_influx(const Batch& batch, const record::Directory& directory);

}  // namespace metergate::northbound

#pragma once

#include <memory>

#include "northbound/formats/encoder.hpp"

/// The formats one by one; described for their readers in northbound/formats.md.
namespace metergate::northbound::formats {

/// RFC 4180 with a heading, one row a slot, times in UTC, decimal points.
[[nodiscard]] std::unique_ptr<Encoder> make_csv(const FileFacts& facts);
/// One JSON object a line; the columns of the CSV, numbers as decimal text.
[[nodiscard]] std::unique_ptr<Encoder> make_ndjson(const FileFacts& facts);
/// California Metering Exchange Protocol, records MEPMD01: energies of whole slots, and the
/// register at the end of each record.
[[nodiscard]] std::unique_ptr<Encoder> make_cmep(const FileFacts& facts);

}  // namespace metergate::northbound::formats

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/record.hpp"
#include "gateway/record/directory.hpp"
#include "gateway/record/store.hpp"
#include "northbound/filter.hpp"

/// The native dialect: what is said on `metergate/<gateway>/...`. Described for integrators in
/// northbound/payload.md. All functions are pure; any thread may call them.
namespace metergate::northbound {

/// Grows with every change of the batch payload's bytes. Payloads of stored batches are
/// byte-identical as long as this number is the same.
inline constexpr std::uint64_t native_encoder_version = 1;

/// How a panel is called in topics and payloads, and which panel is called so; nothing if none can
/// be.
[[nodiscard]] std::string panel_name(const record::Directory& directory, PanelNumber number);
[[nodiscard]] std::optional<PanelNumber> panel_named(const record::Directory& directory,
                                                     std::string_view name);

/// Topics; no level has a dot, a space or a wildcard. A panel or point that is not in the directory
/// any more is called `_panel_<number>` or `_point_<number>`, which no id can be.
[[nodiscard]] std::string batch_topic(const record::Directory& directory, PanelNumber panel);
[[nodiscard]] std::string point_topic(const record::Directory& directory, PointNumber point,
                                      std::string_view leaf);
[[nodiscard]] std::string gateway_topic(const Id& gateway, std::string_view leaf);

/// The payload of a batch: a function of its rows, the ids behind their numbers, and the encoder's
/// version. Values are integers in thousandths of the series' unit.
[[nodiscard]] std::string encode_batch(const Batch& batch, const record::Directory& directory,
                                       Epoch epoch);

/// One event as it happens, for the topic `event`. What the store has not numbered yet is left out.
[[nodiscard]] std::string encode_event(const Event& event);

/// Names, series, wiring and units of all that passes the filter.
[[nodiscard]] std::string encode_meta(const record::Directory& directory, const Filter& filter);
/// Changes with the meta payload, as 16 hexadecimal digits (64-bit FNV-1a of its bytes).
[[nodiscard]] std::string version_of(std::string_view meta_payload);

/// What the status topic says.
struct StatusReport {
    bool online = true;
    std::string_view reason;   ///< why offline: "stopped" or "connection lost"
    std::string_view program;  ///< the program's version
    std::string_view meta;     ///< version_of the meta payload
    UtcTime at;                ///< not told by a last will, which is written before it is true
    std::vector<record::BatchSource::PanelSpan> spans;
};
[[nodiscard]] std::string encode_status(const StatusReport& report,
                                        const record::Directory& directory, Epoch epoch);

/// A plain decimal with three places: "1.234", "-0.050".
[[nodiscard]] std::string decimal_text(Milli value);
/// RFC 3339 in UTC with milliseconds: "2026-03-29T01:00:00.000Z".
[[nodiscard]] std::string rfc3339(UtcTime time);

}  // namespace metergate::northbound

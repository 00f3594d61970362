#pragma once

#include <string>
#include <string_view>

namespace metergate::northbound::webhook {

/// As RFC 1952 has it, without name and time: the same bytes for the same content. Pure; any
/// thread.
[[nodiscard]] std::string gzip(std::string_view content);

}  // namespace metergate::northbound::webhook

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "southbound/request.hpp"

/// What a device says of itself in words, by functions that need no register map. Pure; any thread.
/// Source: MODBUS Application Protocol V1.1b3, 6.21 (43/14) and 6.13 (17).
namespace metergate::southbound {

/// Asks for the basic objects (manufacturer, product, revision) from `object` on.
[[nodiscard]] Pdu device_identification_pdu(std::uint8_t object = 0);

struct DeviceObject {
    std::uint8_t id = 0;  ///< 0 manufacturer, 1 product, 2 revision
    std::string text;     ///< printable characters; others as '?'
};

struct DeviceObjects {
    std::vector<DeviceObject> objects;
    std::optional<std::uint8_t> next;  ///< more follow: ask from this one on
};

/// Of a reply as a line gives it. Nothing: it breaks off, or is of another function.
[[nodiscard]] std::optional<DeviceObjects> device_objects(std::span<const std::uint8_t> pdu);

[[nodiscard]] Pdu server_id_pdu();

/// The words in a reply to server_id_pdu(); each device has its own layout around them. Without any
/// of at least three characters: the bytes, in hexadecimal. Nothing: it is of another function.
[[nodiscard]] std::optional<std::string> server_id_text(std::span<const std::uint8_t> pdu);

}  // namespace metergate::southbound

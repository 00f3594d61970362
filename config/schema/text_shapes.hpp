#pragma once

#include <string>

#include "config/schema/field.hpp"

/// Texts of the settings that must have a form.
namespace metergate::schema {

[[nodiscard]] ShapeFor<std::string> id();
/// An id of a point, or empty.
[[nodiscard]] ShapeFor<std::string> optional_id();
/// `kwh-15min`; whether the length is allowed is a question of the whole document.
[[nodiscard]] ShapeFor<std::string> series_code();
/// A host name or address, alone.
[[nodiscard]] ShapeFor<std::string> host();
/// `https://host/path`, or http: without user, password and fragment.
[[nodiscard]] ShapeFor<std::string> web_address();
[[nodiscard]] ShapeFor<std::string> optional_web_address();
/// An IPv4 or IPv6 address in figures.
[[nodiscard]] ShapeFor<std::string> address();
/// The same, or the first bits that a group of addresses has in common: 10.1.0.0/16.
[[nodiscard]] ShapeFor<std::string> address_prefix();
/// A full path.
[[nodiscard]] ShapeFor<std::string> path();
/// A full path, or empty.
[[nodiscard]] ShapeFor<std::string> optional_path();
/// What people call a thing; may be empty.
[[nodiscard]] ShapeFor<std::string> name();
/// `now`, `oldest` or a UTC time.
[[nodiscard]] ShapeFor<std::string> begins_at();

}  // namespace metergate::schema

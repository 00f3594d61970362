#pragma once

#include <string>

#include "gateway/model/result.hpp"

/// What lets a destination in: secrets and certificates, which stand in files of their own.
namespace metergate::northbound::access {

/// The first line of a file that holds a secret; `purpose` is what the file is for, such as
/// "password file". Errors: not_found (missing, unreadable), refused (others than owner and group
/// may read it), invalid (first line empty). No error text contains the secret.
[[nodiscard]] Result<std::string> read_secret(const std::string& path, const std::string& purpose);

/// Whether a certificate or key can be read. Error: not_found, naming what the file is for.
[[nodiscard]] Result<void> check_readable(const std::string& path, const std::string& purpose);

}  // namespace metergate::northbound::access

#pragma once

#include <string_view>

#include "gateway/app/paths.hpp"
#include "gateway/model/result.hpp"

namespace metergate::app {

/// To standard output, as it is.
void print(std::string_view text);

/// A line on standard error. Returns the exit code for it: failed.
[[nodiscard]] Exit complain(const Error& error);

/// The same for a daemon that could not be asked; a missing one has an exit code of its own.
[[nodiscard]] Exit complain_of_connection(const Error& error);

}  // namespace metergate::app

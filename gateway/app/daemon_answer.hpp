#pragma once

#include <functional>
#include <string>

#include "config/schema/json.hpp"
#include "gateway/app/paths.hpp"

namespace metergate::app {

/// Asks the running daemon and has its answer shown; a missing daemon and a failed request are
/// complained of, each with its exit code. Waits at most `timeout_ms` for the answer.
[[nodiscard]] Exit ask_and_show(const Paths& paths, const std::string& method,
                                const schema::Json& params, int timeout_ms,
                                const std::function<void(const schema::Json&)>& show);

}  // namespace metergate::app

#pragma once

#include <cstdint>
#include <string>

#include "gateway/model/result.hpp"

namespace metergate::building {

/// Listens on the loopback interface without blocking, at `port` or, if that is 0, at a free port,
/// which `port` is then. Returns the descriptor. Error: refused, naming the line.
[[nodiscard]] Result<int> listen_on_loopback(std::uint16_t& port, const std::string& line);

/// The next connection that waits, without blocking; -1 if none does.
[[nodiscard]] int accept_on(int listener);

}  // namespace metergate::building

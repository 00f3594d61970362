#pragma once

#include <memory>
#include <string_view>

namespace spdlog {
class logger;
}

namespace metergate::app {

/// What the program tells whoever runs it: one line for each change (line lost, line back), none
/// for a retry. Goes to standard error, where the service manager picks it up. Any thread.
class Log {
  public:
    Log();

    void info(std::string_view text) const;
    void warn(std::string_view text) const;
    void error(std::string_view text) const;

  private:
    std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace metergate::app

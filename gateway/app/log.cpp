#include "gateway/app/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_color_sinks.h>

namespace metergate::app {

Log::Log()
    : logger_(std::make_shared<spdlog::logger>(
          "metergate", std::make_shared<spdlog::sinks::stderr_color_sink_mt>())) {
    logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v", spdlog::pattern_time_type::utc);
    logger_->flush_on(spdlog::level::trace);
}

void Log::info(std::string_view text) const {
    logger_->info("{}", text);
}
void Log::warn(std::string_view text) const {
    logger_->warn("{}", text);
}
void Log::error(std::string_view text) const {
    logger_->error("{}", text);
}

}  // namespace metergate::app

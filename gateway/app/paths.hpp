#pragma once

#include <string>

namespace metergate::app {

/// Where the program finds and keeps its things. `--root DIR` sets all three at once.
struct Paths {
    std::string settings = "/etc/metergate/settings.json";
    std::string data = "/var/lib/metergate";
    std::string socket = "/run/metergate/control.sock";

    [[nodiscard]] static Paths below(const std::string& root) {
        return {root + "/settings.json", root + "/data", root + "/control.sock"};
    }
    [[nodiscard]] std::string store() const { return data + "/store.sqlite"; }
    [[nodiscard]] std::string lock() const { return data + "/lock"; }
};

/// The program's exit codes.
enum class Exit : int { ok = 0, failed = 1, usage = 2, bad_settings = 3, no_daemon = 4 };

}  // namespace metergate::app

#include <fcntl.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "tests/building/live_line.hpp"

namespace metergate::building {

Result<void> PtyLine::plug_in() {
    if (master_ >= 0) {
        return {};
    }
    termios raw{};
    cfmakeraw(&raw);
    raw.c_cflag |= CLOCAL | CREAD;
    std::array<char, 256> name{};
    if (openpty(&master_, &slave_, nullptr, &raw, nullptr) != 0 ||
        ttyname_r(slave_, name.data(), name.size()) != 0) {
        return Error{Fault::refused, "no pseudo-terminal for line " + id() + ": " +
                                         std::string(std::strerror(errno))};
    }
    fcntl(master_, F_SETFL, fcntl(master_, F_GETFL) | O_NONBLOCK);
    fcntl(master_, F_SETFD, FD_CLOEXEC);
    fcntl(slave_, F_SETFD, FD_CLOEXEC);
    unlink(link_.c_str());
    if (symlink(name.data(), link_.c_str()) != 0) {
        return Error{Fault::refused,
                     link_ + ": cannot be made: " + std::string(std::strerror(errno))};
    }
    return {};
}

void PtyLine::take_away() {
    if (master_ < 0) {
        return;
    }
    unlink(link_.c_str());
    close(master_);
    close(slave_);
    master_ = slave_ = -1;
}

}  // namespace metergate::building

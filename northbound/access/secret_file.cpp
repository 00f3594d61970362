#include "northbound/access/secret_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace metergate::northbound::access {
namespace {

std::string system_text(int code) {
    return std::generic_category().message(code);
}

}  // namespace

Result<std::string> read_secret(const std::string& path, const std::string& purpose) {
    struct stat facts {};
    if (stat(path.c_str(), &facts) != 0) {
        return Error{Fault::not_found, purpose + " " + path + ": " + system_text(errno)};
    }
    if ((facts.st_mode & S_IRWXO) != 0) {
        return Error{Fault::refused,
                     purpose + " " + path + " is open to every user of this machine: chmod 640 it"};
    }
    std::ifstream file(path);
    if (!file) {
        return Error{Fault::not_found, purpose + " " + path + ": cannot be read"};
    }
    std::string line;
    std::getline(file, line);
    if (!line.empty() && line.back() == '\r') {
        line.pop_back();
    }
    if (line.empty()) {
        return Error{Fault::invalid, purpose + " " + path + ": its first line is empty"};
    }
    return line;
}

Result<void> check_readable(const std::string& path, const std::string& purpose) {
    if (::access(path.c_str(), R_OK) != 0) {
        return Error{Fault::not_found, purpose + " " + path + ": " + system_text(errno)};
    }
    return {};
}

}  // namespace metergate::northbound::access

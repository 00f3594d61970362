#include "gateway/app/console.hpp"

#include <cstdio>
#include <string>

namespace metergate::app {

void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

Exit complain(const Error& error) {
    std::fputs((error.text + "\n").c_str(), stderr);
    return Exit::failed;
}

Exit complain_of_connection(const Error& error) {
    const Exit failed = complain(error);
    return error.fault == Fault::not_found ? Exit::no_daemon : failed;
}

}  // namespace metergate::app

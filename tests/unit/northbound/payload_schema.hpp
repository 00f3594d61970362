#pragma once

#include <cstdlib>
#include <string>

#include "tests/support/broker.hpp"

namespace metergate::northbound {

/// Whether a payload fits one of the published schemas: `batch`, `request`, `response`, `receipt`.
inline bool fits_schema(const std::string& schema, const std::string& payload) {
    const support::TempFolder folder;
    const std::string file = folder.write("payload.json", payload);
    const std::string source = METERGATE_SOURCE_DIR;
    const std::string command = "/usr/bin/python3 " + source +
                                "/tests/cases/payload/check_schema.py " + source + "/northbound/" +
                                schema + ".schema.json " + file;
    return std::system(command.c_str()) == 0;
}

}  // namespace metergate::northbound

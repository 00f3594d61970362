#pragma once

#include <cstdlib>
#include <string>

#include "tests/support/broker.hpp"

namespace metergate::northbound {

/// Whether a payload fits one of the published schemas: `batch`, `request`, `response`, `receipt`.
/// `source` is the project's folder.
inline bool fits_schema(const std::string& source, const std::string& schema,
                        const std::string& payload) {
    const support::TempFolder folder;
    const std::string file = folder.write("payload.json", payload);
    const std::string command = "/usr/bin/python3 " + source +
                                "/tests/cases/payload/check_schema.py " + source + "/northbound/" +
                                schema + ".schema.json " + file;
    return std::system(command.c_str()) == 0;
}

}  // namespace metergate::northbound

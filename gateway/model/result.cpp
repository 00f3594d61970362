#include "gateway/model/result.hpp"

#include <cstdio>
#include <cstdlib>

namespace metergate {

void throw_exception_from_error(const Error& error, const boost::source_location& at) {
    std::fprintf(stderr, "%s:%u: value of a failed result: %s\n", at.file_name(), at.line(),
                 error.text.c_str());
    std::abort();
}

}  // namespace metergate

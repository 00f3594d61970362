#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>

namespace metergate {

/// What went wrong, chosen by what the caller can do about it.
enum class Fault {
    invalid,       ///< the input is wrong: tell the user, do not try again
    not_found,     ///< what was named does not exist
    busy,          ///< try again in a moment
    timeout,       ///< no answer in time: try again, with back-off
    disconnected,  ///< the wire, port or connection is gone: open it again
    refused,       ///< the other side said no: trying again soon changes nothing
    damaged,       ///< bytes arrived or were stored wrong: do not use them
    full,          ///< no room: free some first
};

/// A fault and a sentence for the person who reads the log at night. The sentence grows on the way
/// up: `line riser-1: panel east: read energy: no reply in 500 ms`.
struct Error {
    Fault fault = Fault::invalid;
    std::string text;

    /// The same fault, seen from one level higher: "where: text".
    [[nodiscard]] Error within(std::string_view where) const {
        return {fault, std::string(where) + ": " + text};
    }
    bool operator==(const Error&) const = default;
};

/// Asking a failed Result for its value is a broken invariant: it ends the process, naming the
/// error.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& at);

template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace metergate

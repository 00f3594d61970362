#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "config/schema/json.hpp"
#include "gateway/model/result.hpp"

/// The local control socket: one JSON object a line. A request is `{v: 1, id, method, params}`; its
/// answers are any number of `{id, progress}` and then one `{id, result}` or `{id, error: {kind,
/// path, message}}`. Closing the connection cancels what it asked for.
namespace metergate::control {

inline constexpr int protocol_version = 1;
inline constexpr std::size_t line_size_max = 1024UL * 1024;

/// What a caller must be allowed to do.
enum class Role { viewer, admin };

struct Method {
    std::string_view name;
    Role role;
    std::string_view help;
};

/// The method of that name; null if there is none.
[[nodiscard]] const Method* find_method(std::string_view name);

struct Request {
    schema::Json id;  ///< whatever the caller sent: repeated in each answer
    std::string method;
    schema::Json params;  ///< an object
};

/// Reads one line. Errors (invalid): no JSON, no object, another version, no method, params that
/// are no object.
[[nodiscard]] Result<Request> parse_request(std::string_view line);

/// What one answer line says.
struct Answer {
    schema::Json id;
    std::optional<schema::Json> progress;
    std::optional<schema::Json> result;
    std::optional<Error> error;
};

// Each makes one line, with its line feed.
[[nodiscard]] std::string request_line(const Request& request);
[[nodiscard]] std::string progress_line(const schema::Json& id, const schema::Json& progress);
[[nodiscard]] std::string result_line(const schema::Json& id, const schema::Json& result);
/// `result_json`: compact JSON text.
[[nodiscard]] std::string result_line(const schema::Json& id, std::string_view result_json);
[[nodiscard]] std::string error_line(const schema::Json& id, const Error& error,
                                     std::string_view path = {});

/// Error: damaged, if the line is no answer.
[[nodiscard]] Result<Answer> parse_answer(std::string_view line);

/// The published words for faults: `invalid`, `busy`, ...
[[nodiscard]] std::string_view name_of(Fault fault);

}  // namespace metergate::control

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/model/clock.hpp"
#include "gateway/model/result.hpp"

namespace metergate::northbound::transfer {

/// How a server is reached and who we are there. Nothing is taken from the environment or from
/// files that are not named here.
struct HttpAccess {
    std::string agent;             ///< User-Agent
    std::string ca_file;           ///< empty = the system's certificates
    std::string certificate_file;  ///< of ours, with private_key_file; empty = none
    std::string private_key_file;
    std::string pinned_key;  ///< `sha256//` and base64: the server's public key; empty = any
    std::string user;        ///< basic authentication; empty = none
    std::string password;
    std::string authorization;  ///< such as `Bearer` and a token; empty = none
    std::string proxy;          ///< such as http://10.0.0.1:3128; empty = none
    std::chrono::seconds timeout{30};
};

struct HttpReply {
    int status = 0;
    std::string content_type;  ///< as sent; empty if not
    std::string location;      ///< where a redirect leads
    std::optional<std::chrono::seconds> retry_after;
    std::string body;  ///< at most its first 64 KiB
};

struct HttpOutcome {
    std::uint64_t ticket = 0;
    /// Errors: not_found (host name), refused (certificates and keys of either side), timeout,
    /// disconnected (all else: it may have arrived or not).
    Result<HttpReply> reply;
};

/// POST requests through libcurl, several at once, on connections that are kept. Certificates and
/// host names are always checked, TLS is 1.2 at least, and no redirect is followed. Nothing blocks:
/// work is done in take_outcomes(), which is to be called when readable_fd() is readable and at
/// next_at(). One thread.
class HttpClient {
  public:
    /// Loads libcurl when it is first called. Error: not_found, if it is not installed.
    [[nodiscard]] static Result<std::unique_ptr<HttpClient>> open(const Clock& clock,
                                                                  HttpAccess access);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// `headers` are whole lines. Exactly one outcome with the ticket follows. Error: invalid (the
    /// URL or an option cannot be used).
    [[nodiscard]] Result<void> post(const std::string& url, const std::vector<std::string>& headers,
                                    std::string body, std::uint64_t ticket);
    [[nodiscard]] std::vector<HttpOutcome> take_outcomes();

    [[nodiscard]] std::size_t in_flight() const;
    [[nodiscard]] int readable_fd() const;
    [[nodiscard]] Instant next_at() const;

  private:
    struct State;
    explicit HttpClient(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace metergate::northbound::transfer

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/model/result.hpp"

namespace metergate::northbound::mqtt {

/// Asks the resolver whether a host name has an address, without blocking (getaddrinfo_a of glibc).
/// The MQTT library resolves names while it holds the lock of all its connections, so a dead name
/// server would stop every destination; it is therefore only let loose on names that were just
/// resolved.
class HostLookup {
  public:
    explicit HostLookup(const std::string& host);
    ~HostLookup();
    HostLookup(const HostLookup&) = delete;
    HostLookup& operator=(const HostLookup&) = delete;

    /// Nothing while under way. Errors: not_found, disconnected (no name server answers).
    [[nodiscard]] std::optional<Result<void>> outcome();

  private:
    struct Request;
    std::unique_ptr<Request> request_;
};

}  // namespace metergate::northbound::mqtt

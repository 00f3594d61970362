#include "northbound/mqtt/host_lookup.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <ctime>

namespace metergate::northbound::mqtt {

/// What the resolver's thread works on; must live until it is done.
struct HostLookup::Request {
    std::string host;
    addrinfo hints{};
    gaicb job{};
    int start_fault = 0;
    bool is_address = false;  ///< nothing to look up
};

namespace {

/// Whether `host` is an IPv4 or IPv6 address itself. Asks nobody.
bool is_numeric(const std::string& host) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) {
        return false;
    }
    freeaddrinfo(found);
    return true;
}

}  // namespace

HostLookup::HostLookup(const std::string& host) : request_(std::make_unique<Request>()) {
    request_->host = host;
    request_->is_address = is_numeric(host);
    if (request_->is_address) {
        return;
    }
    request_->hints.ai_socktype = SOCK_STREAM;
    request_->job.ar_name = request_->host.c_str();
    request_->job.ar_request = &request_->hints;
    std::array<gaicb*, 1> jobs{&request_->job};
    request_->start_fault = getaddrinfo_a(GAI_NOWAIT, jobs.data(), 1, nullptr);
    if (request_->start_fault == 0) {
        // Names of the machine itself are known at once; waiting this little for them saves a step.
        const std::array<const gaicb*, 1> waited{&request_->job};
        const timespec moment{0, 10'000'000};
        gai_suspend(waited.data(), 1, &moment);
    }
}

HostLookup::~HostLookup() {
    if (request_->is_address) {
        return;
    }
    if (request_->start_fault == 0 && gai_error(&request_->job) == EAI_INPROGRESS &&
        gai_cancel(&request_->job) != EAI_CANCELED) {
        // The resolver's thread still writes into it: it is given up for good rather than waited
        // for.
        (void)request_.release();
        return;
    }
    if (request_->job.ar_result != nullptr) {
        freeaddrinfo(request_->job.ar_result);
    }
}

std::optional<Result<void>> HostLookup::outcome() {
    if (request_->is_address) {
        return Result<void>{};
    }
    const int fault =
        request_->start_fault != 0 ? request_->start_fault : gai_error(&request_->job);
    if (fault == EAI_INPROGRESS) {
        return std::nullopt;
    }
    if (fault == 0) {
        return Result<void>{};
    }
    const bool unknown = fault == EAI_NONAME || fault == EAI_NODATA;
    return Result<void>{Error{unknown ? Fault::not_found : Fault::disconnected,
                              "host " + request_->host + ": " +
                                  (unknown ? "there is no such host name" : gai_strerror(fault))}};
}

}  // namespace metergate::northbound::mqtt

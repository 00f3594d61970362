#include "northbound/transfer/http_client.hpp"

#include <curl/curl.h>
#include <dlfcn.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <type_traits>
#include <utility>

namespace metergate::northbound::transfer {
namespace {

constexpr std::size_t reply_body_max = std::size_t{64} * 1024;
constexpr long connect_timeout_s = 15;

/// The functions of libcurl that are used here.
struct Library {
    decltype(&curl_global_init) global_init = nullptr;
    decltype(&curl_easy_init) easy_init = nullptr;
    decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
    decltype(&curl_easy_setopt) easy_setopt = nullptr;
    decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
    decltype(&curl_easy_strerror) easy_strerror = nullptr;
    decltype(&curl_slist_append) slist_append = nullptr;
    decltype(&curl_slist_free_all) slist_free_all = nullptr;
    decltype(&curl_multi_init) multi_init = nullptr;
    decltype(&curl_multi_cleanup) multi_cleanup = nullptr;
    decltype(&curl_multi_setopt) multi_setopt = nullptr;
    decltype(&curl_multi_add_handle) multi_add_handle = nullptr;
    decltype(&curl_multi_remove_handle) multi_remove_handle = nullptr;
    decltype(&curl_multi_socket_action) multi_socket_action = nullptr;
    decltype(&curl_multi_info_read) multi_info_read = nullptr;
    decltype(&curl_multi_strerror) multi_strerror = nullptr;
};

/// Its libraries take a megabyte of memory that cannot be shared: whoever posts nothing is spared
/// them.
Result<Library> load_library() {
    constexpr const char* name = "libcurl.so.4";
    Library library;
    void* handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    bool complete = handle != nullptr;
    const auto find = [&](const char* symbol, auto& function) {
        function = complete
                       ? reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(handle, symbol))
                       : nullptr;
        complete = complete && function != nullptr;
    };
    find("curl_global_init", library.global_init);
    find("curl_easy_init", library.easy_init);
    find("curl_easy_cleanup", library.easy_cleanup);
    find("curl_easy_setopt", library.easy_setopt);
    find("curl_easy_getinfo", library.easy_getinfo);
    find("curl_easy_strerror", library.easy_strerror);
    find("curl_slist_append", library.slist_append);
    find("curl_slist_free_all", library.slist_free_all);
    find("curl_multi_init", library.multi_init);
    find("curl_multi_cleanup", library.multi_cleanup);
    find("curl_multi_setopt", library.multi_setopt);
    find("curl_multi_add_handle", library.multi_add_handle);
    find("curl_multi_remove_handle", library.multi_remove_handle);
    find("curl_multi_socket_action", library.multi_socket_action);
    find("curl_multi_info_read", library.multi_info_read);
    find("curl_multi_strerror", library.multi_strerror);
    if (!complete) {
        const char* why = dlerror();
        return Error{Fault::not_found, std::string("libcurl: ") + (why == nullptr ? name : why)};
    }
    if (library.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return Error{Fault::refused, "libcurl cannot be made ready"};
    }
    return library;
}

const Result<Library>& library() {
    static const Result<Library> loaded = load_library();
    return loaded;
}

struct FreeEasy {
    void operator()(CURL* easy) const { library()->easy_cleanup(easy); }
};
struct FreeLines {
    void operator()(curl_slist* lines) const { library()->slist_free_all(lines); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
using Lines = std::unique_ptr<curl_slist, FreeLines>;

Fault fault_of(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
            return Fault::not_found;
        case CURLE_OPERATION_TIMEDOUT:
            return Fault::timeout;
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        case CURLE_SSL_INVALIDCERTSTATUS:
            return Fault::refused;
        default:
            return Fault::disconnected;
    }
}

/// One request under way.
struct Transfer {
    Easy easy{library()->easy_init()};
    Lines headers;
    std::string body;
    std::string reply;
    std::uint64_t ticket = 0;
    std::array<char, CURL_ERROR_SIZE> error{};
};

/// What is beyond the first 64 KiB is read and dropped.
std::size_t keep_body(char* data, std::size_t size, std::size_t count, void* transfer) {
    std::string& reply = static_cast<Transfer*>(transfer)->reply;
    reply.append(data, std::min(size * count, reply_body_max - reply.size()));
    return size * count;
}

Lines lines_of(const std::vector<std::string>& headers) {
    Lines lines;
    for (const std::string& header : headers) {
        // On failure the list is as before.
        if (curl_slist* longer = library()->slist_append(lines.get(), header.c_str())) {
            static_cast<void>(lines.release());
            lines.reset(longer);
        }
    }
    return lines;
}

/// Sets options until one fails.
class Options {
  public:
    explicit Options(CURL* easy) : easy_(easy) {}

    template <class Value>
    void set(CURLoption option, Value value) {
        if (code_ == CURLE_OK) {
            code_ = library()->easy_setopt(easy_, option, value);
        }
    }
    void set_text(CURLoption option, const std::string& text) {
        if (!text.empty()) {
            set(option, text.c_str());
        }
    }
    [[nodiscard]] CURLcode code() const { return code_; }

  private:
    CURL* easy_;
    CURLcode code_ = CURLE_OK;
};

void set_access(Options& options, const HttpAccess& access) {
    options.set_text(CURLOPT_USERAGENT, access.agent);
    if (!access.ca_file.empty()) {
        options.set(CURLOPT_CAINFO, access.ca_file.c_str());
        options.set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // these, and no others
    }
    options.set_text(CURLOPT_SSLCERT, access.certificate_file);
    options.set_text(CURLOPT_SSLKEY, access.private_key_file);
    options.set_text(CURLOPT_PINNEDPUBLICKEY, access.pinned_key);
    options.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    options.set(CURLOPT_SSL_VERIFYPEER, 1L);
    options.set(CURLOPT_SSL_VERIFYHOST, 2L);
    // An empty name keeps the environment's proxies away.
    options.set(CURLOPT_PROXY, access.proxy.c_str());
    options.set(CURLOPT_NOPROXY, "");
    if (!access.user.empty()) {
        options.set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        options.set(CURLOPT_USERNAME, access.user.c_str());
        options.set(CURLOPT_PASSWORD, access.password.c_str());
    }
}

void set_manners(Options& options, std::chrono::seconds timeout) {
    options.set(CURLOPT_NOSIGNAL, 1L);
    options.set(CURLOPT_QUICK_EXIT, 1L);  // a dead name server holds nobody up
    options.set(CURLOPT_PROTOCOLS_STR, "http,https");
    options.set(CURLOPT_FOLLOWLOCATION, 0L);
    options.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    options.set(CURLOPT_CONNECTTIMEOUT, connect_timeout_s);
    options.set(CURLOPT_TIMEOUT, static_cast<long>(timeout.count()));
    options.set(CURLOPT_TCP_KEEPALIVE, 1L);
}

HttpReply reply_of(const Transfer& transfer) {
    HttpReply reply;
    long status = 0;
    curl_off_t wait_s = 0;
    const char* text = nullptr;
    CURL* easy = transfer.easy.get();
    library()->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    reply.status = static_cast<int>(status);
    if (library()->easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &text) == CURLE_OK &&
        text != nullptr) {
        reply.content_type = text;
    }
    if (library()->easy_getinfo(easy, CURLINFO_REDIRECT_URL, &text) == CURLE_OK &&
        text != nullptr) {
        reply.location = text;
    }
    if (library()->easy_getinfo(easy, CURLINFO_RETRY_AFTER, &wait_s) == CURLE_OK && wait_s > 0) {
        reply.retry_after = std::chrono::seconds{wait_s};
    }
    reply.body = transfer.reply;
    return reply;
}

}  // namespace

struct HttpClient::State {
    State(const Clock& the_clock, HttpAccess the_access);
    ~State();
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    static int watch_socket(CURL* easy, curl_socket_t socket, int what, void* state, void* unused);
    static int watch_timer(CURLM* multi, long wait_ms, void* state);
    void work();
    void finish(CURL* easy, CURLcode code, std::vector<HttpOutcome>& outcomes);

    const Clock& clock;
    HttpAccess access;
    CURLM* multi;
    int epoll_fd;
    Instant timer_at = never;
    std::map<CURL*, std::unique_ptr<Transfer>> transfers;
};

HttpClient::State::State(const Clock& the_clock, HttpAccess the_access)
    : clock(the_clock),
      access(std::move(the_access)),
      multi(library()->multi_init()),
      epoll_fd(epoll_create1(EPOLL_CLOEXEC)) {
    library()->multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &State::watch_socket);
    library()->multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
    library()->multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &State::watch_timer);
    library()->multi_setopt(multi, CURLMOPT_TIMERDATA, this);
}

HttpClient::State::~State() {
    for (const auto& [easy, transfer] : transfers) {
        library()->multi_remove_handle(multi, easy);
    }
    transfers.clear();
    library()->multi_cleanup(multi);
    close(epoll_fd);
}

int HttpClient::State::watch_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* state,
                                    void* /*unused*/) {
    const int epoll_fd = static_cast<State*>(state)->epoll_fd;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, socket, nullptr);
        return 0;
    }
    epoll_event event{};
    event.events =
        ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U);
    event.data.fd = socket;
    if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, socket, &event) != 0) {
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, socket, &event);
    }
    return 0;
}

int HttpClient::State::watch_timer(CURLM* /*multi*/, long wait_ms, void* state) {
    auto& self = *static_cast<State*>(state);
    self.timer_at = wait_ms < 0 ? never : self.clock.now() + std::chrono::milliseconds{wait_ms};
    return 0;
}

void HttpClient::State::work() {
    constexpr int at_once = 16;
    int running = 0;
    if (timer_at <= clock.now()) {
        timer_at = never;
        library()->multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    std::array<epoll_event, at_once> ready{};
    const int count = epoll_wait(epoll_fd, ready.data(), at_once, 0);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = ready.at(static_cast<std::size_t>(i));
        const int what = ((event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                         ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                         ((event.events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
        library()->multi_socket_action(multi, event.data.fd, what, &running);
    }
}

void HttpClient::State::finish(CURL* easy, CURLcode code, std::vector<HttpOutcome>& outcomes) {
    const auto found = transfers.find(easy);
    if (found == transfers.end()) {
        return;
    }
    const Transfer& transfer = *found->second;
    if (code == CURLE_OK) {
        outcomes.push_back({transfer.ticket, reply_of(transfer)});
    } else {
        const std::string text =
            transfer.error[0] != '\0' ? transfer.error.data() : library()->easy_strerror(code);
        outcomes.push_back({transfer.ticket, Error{fault_of(code), text}});
    }
    library()->multi_remove_handle(multi, easy);
    transfers.erase(found);
}

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<HttpClient>> HttpClient::open(const Clock& clock, HttpAccess access) {
    if (!library()) {
        return library().error();
    }
    auto state = std::make_unique<State>(clock, std::move(access));
    return std::unique_ptr<HttpClient>(new HttpClient(std::move(state)));
}

HttpClient::~HttpClient() = default;

Result<void> HttpClient::post(const std::string& url, const std::vector<std::string>& headers,
                              std::string body, std::uint64_t ticket) {
    auto transfer = std::make_unique<Transfer>();
    transfer->body = std::move(body);
    transfer->ticket = ticket;
    std::vector<std::string> lines = headers;
    if (!state_->access.authorization.empty()) {
        lines.push_back("Authorization: " + state_->access.authorization);
    }
    transfer->headers = lines_of(lines);
    CURL* easy = transfer->easy.get();
    Options options(easy);
    options.set(CURLOPT_ERRORBUFFER, transfer->error.data());
    set_manners(options, state_->access.timeout);
    set_access(options, state_->access);
    options.set(CURLOPT_URL, url.c_str());
    options.set(CURLOPT_POST, 1L);
    options.set(CURLOPT_HTTPHEADER, transfer->headers.get());
    options.set(CURLOPT_POSTFIELDS, transfer->body.data());
    options.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer->body.size()));
    options.set(CURLOPT_WRITEFUNCTION, &keep_body);
    options.set(CURLOPT_WRITEDATA, transfer.get());
    if (options.code() != CURLE_OK) {
        return Error{Fault::invalid, library()->easy_strerror(options.code())};
    }
    state_->transfers.emplace(easy, std::move(transfer));
    if (const CURLMcode code = library()->multi_add_handle(state_->multi, easy); code != CURLM_OK) {
        state_->transfers.erase(easy);
        return Error{Fault::invalid, library()->multi_strerror(code)};
    }
    return {};
}

std::vector<HttpOutcome> HttpClient::take_outcomes() {
    state_->work();
    std::vector<HttpOutcome> outcomes;
    int left = 0;
    while (CURLMsg* message = library()->multi_info_read(state_->multi, &left)) {
        if (message->msg == CURLMSG_DONE) {
            state_->finish(message->easy_handle, message->data.result, outcomes);
        }
    }
    return outcomes;
}

std::size_t HttpClient::in_flight() const {
    return state_->transfers.size();
}

int HttpClient::readable_fd() const {
    return state_->epoll_fd;
}

Instant HttpClient::next_at() const {
    return state_->timer_at;
}

}  // namespace metergate::northbound::transfer

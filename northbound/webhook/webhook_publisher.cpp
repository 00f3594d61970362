#include "northbound/webhook/webhook_publisher.hpp"

#include <fmt/format.h>

#include <utility>

#include "northbound/access/secret_file.hpp"
#include "northbound/webhook/answer.hpp"
#include "northbound/webhook/gzip.hpp"
#include "northbound/webhook/signature.hpp"

namespace metergate::northbound::webhook {
namespace {

/// What receivers of webhooks commonly take.
constexpr std::size_t payload_max = std::size_t{1024} * 1024;
/// Meta and events go beside the batches of the window.
constexpr std::size_t beside_batches = 4;

}  // namespace

WebhookPublisher::WebhookPublisher(const Clock& clock, const schema::WebhookSettings& settings,
                                   const std::string& program_version)
    : clock_(clock), settings_(settings), agent_("metergate/" + program_version) {}

void WebhookPublisher::connect(const Message& /*last_will*/) {
    disconnect();
    fault_.reset();
    auto found = access();
    if (!found) {
        fault_ = found.error();
        return;
    }
    key_.clear();
    if (!settings_.secret_file.empty()) {
        const auto secret = access::read_secret(settings_.secret_file, "secret file");
        auto key = secret ? key_of_secret(*secret) : Result<std::string>(secret.error());
        if (!key) {
            fault_ =
                secret ? key.error().within("secret file " + settings_.secret_file) : key.error();
            return;
        }
        key_ = std::move(*key);
    }
    if (auto opened = transfer::HttpClient::open(clock_, std::move(*found))) {
        client_ = std::move(*opened);
    } else {
        fault_ = opened.error();
    }
}

Result<transfer::HttpAccess> WebhookPublisher::access() const {
    transfer::HttpAccess access;
    access.agent = agent_;
    access.ca_file = settings_.ca_file;
    access.certificate_file = settings_.certificate_file;
    access.private_key_file = settings_.private_key_file;
    access.pinned_key = settings_.pinned_key;
    access.proxy = settings_.proxy;
    access.user = settings_.user;
    access.timeout = std::chrono::seconds{settings_.timeout_s};
    const std::pair<const std::string*, const char*> files[] = {
        {&settings_.ca_file, "certificates of trusted authorities"},
        {&settings_.certificate_file, "client certificate"},
        {&settings_.private_key_file, "private key"}};
    for (const auto& [path, purpose] : files) {
        if (auto readable = path->empty() ? Result<void>{} : access::check_readable(*path, purpose);
            !readable) {
            return readable.error();
        }
    }
    const std::pair<const std::string*, std::string*> secrets[] = {
        {&settings_.password_file, &access.password},
        {&settings_.bearer_file, &access.authorization}};
    for (const auto& [path, secret] : secrets) {
        if (path->empty()) {
            continue;
        }
        auto read = access::read_secret(
            *path, path == &settings_.password_file ? "password file" : "token file");
        if (!read) {
            return read.error();
        }
        *secret = std::move(*read);
    }
    if (!access.authorization.empty()) {
        access.authorization = settings_.token_scheme + " " + access.authorization;
    }
    return access;
}

LinkState WebhookPublisher::state() {
    return client_ ? LinkState::open : LinkState::closed;
}

std::optional<Error> WebhookPublisher::take_fault() {
    return std::exchange(fault_, std::nullopt);
}

Result<void> WebhookPublisher::publish(const Message& message, Token token) {
    if (!client_) {
        return Error{Fault::disconnected, "the receiver is not reached"};
    }
    if (clock_.now() < not_before_ || client_->in_flight() >= in_flight_max()) {
        return Error{Fault::busy, "the receiver takes no more just now"};
    }
    if (message.payload.empty()) {
        nothing_to_send_.push_back({token, std::nullopt, false});
        return {};
    }
    std::string body = settings_.gzip ? gzip(message.payload) : message.payload;
    const std::vector<std::string> lines = headers(message, body);
    if (auto posted = client_->post(settings_.url, lines, std::move(body), token); !posted) {
        lose(posted.error());
        return Error{Fault::disconnected, posted.error().text};
    }
    topics_.emplace(token, message.topic);
    return {};
}

std::vector<std::string> WebhookPublisher::headers(const Message& message,
                                                   const std::string& body) const {
    const std::string id = id_of(message.topic, message.payload);
    const std::int64_t now_s = epoch_ms(clock_.utc()) / 1000;
    const bool is_json = settings_.format == schema::WebhookFormat::native;
    std::vector<std::string> lines{
        is_json ? "Content-Type: application/json" : "Content-Type: text/plain; charset=utf-8",
        "metergate-topic: " + message.topic, "webhook-id: " + id,
        fmt::format("webhook-timestamp: {}", now_s), "Idempotency-Key: " + id};
    if (settings_.gzip) {
        lines.emplace_back("Content-Encoding: gzip");
    }
    if (!key_.empty()) {
        lines.push_back("webhook-signature: " + signature_of(key_, id, now_s, body));
    }
    return lines;
}

std::vector<PublishOutcome> WebhookPublisher::take_outcomes() {
    std::vector<PublishOutcome> outcomes = std::exchange(nothing_to_send_, {});
    if (!client_) {
        return {};
    }
    for (const transfer::HttpOutcome& answered : client_->take_outcomes()) {
        auto outcome = outcome_of(answered);
        if (!outcome) {
            return {};
        }
        outcomes.push_back(std::move(*outcome));
    }
    return outcomes;
}

std::optional<PublishOutcome> WebhookPublisher::outcome_of(const transfer::HttpOutcome& answered) {
    PublishOutcome outcome;
    outcome.token = answered.ticket;
    const std::string topic = topics_[answered.ticket];
    topics_.erase(answered.ticket);
    if (!answered.reply) {
        lose(answered.reply.error());
        return std::nullopt;
    }
    const Answer answer = answer_in(*answered.reply, settings_.expect,
                                    std::chrono::seconds{settings_.retry_after_max_s});
    switch (answer.meaning) {
        case Answer::Meaning::taken:
            break;
        case Answer::Meaning::refused:
            outcome.error = Error{Fault::refused, answer.text};
            break;
        case Answer::Meaning::later:
            not_before_ = std::max(not_before_, clock_.now() + answer.wait);
            outcome.error = Error{Fault::busy, answer.text};
            break;
        case Answer::Meaning::broken:
            // Whoever takes no names may take records all the same.
            if (topic.find("/batch/") == std::string::npos) {
                outcome.error = Error{Fault::refused, topic + ": " + answer.text};
                break;
            }
            lose({Fault::refused, answer.text});
            return std::nullopt;
    }
    return outcome;
}

void WebhookPublisher::lose(Error why) {
    disconnect();
    fault_ = std::move(why);
}

Result<void> WebhookPublisher::subscribe(const std::string& /*topics*/, Token /*token*/) {
    return Error{Fault::refused, "nobody can be heard through a webhook"};
}

std::size_t WebhookPublisher::payload_size_max() const {
    return payload_max;
}

std::size_t WebhookPublisher::in_flight_max() const {
    return static_cast<std::size_t>(settings_.window) + beside_batches;
}

int WebhookPublisher::readable_fd() const {
    return client_ ? client_->readable_fd() : -1;
}

Instant WebhookPublisher::next_at() const {
    if (!client_) {
        return never;
    }
    if (!nothing_to_send_.empty()) {
        return clock_.now();
    }
    const Instant allowed = not_before_ > clock_.now() ? not_before_ : never;
    return std::min(allowed, client_->next_at());
}

}  // namespace metergate::northbound::webhook

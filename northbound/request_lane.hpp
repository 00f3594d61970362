#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/record/directory.hpp"
#include "gateway/record/store.hpp"
#include "northbound/delivery_options.hpp"
#include "northbound/publisher.hpp"
#include "northbound/talk.hpp"
#include "northbound/token_bucket.hpp"

namespace metergate::northbound {

/// At most so many within any minute.
class MinuteLimit {
  public:
    explicit MinuteLimit(std::size_t count_max) : count_max_(count_max) {}
    /// Counts one if it may be.
    [[nodiscard]] bool allow(Instant now);

  private:
    std::size_t count_max_;
    std::deque<Instant> recent_;
};

/// Batches that receivers ask for once more, in the order asked, one request after another. They go
/// beside the stream of new batches and take at most a quarter of its window and of its rate.
/// Requests live as long as their connection: one that was cut is asked again.
///
/// Answered with an error: too many requests, too many batches, an unknown panel, another epoch,
/// wrong members. Ignored: what has no proper id (there is no topic to answer on), a retained
/// message, an id that is being served, and errors beyond the limit of requests.
class RequestLane {
  public:
    using Encode = std::function<Message(Batch)>;

    RequestLane(const DeliveryOptions& options, const record::Directory& directory,
                record::BatchSource& source, Encode encode);

    /// Takes a message that came on the topic `request`.
    void ask(const Incoming& incoming, Instant now);
    /// Forgets every request and answer.
    void connection_lost();

    /// Sends while the share of `window` and the rate allow; `rate` is that of the new batches,
    /// which pays for these.
    void send(Instant now, std::size_t window, TokenBucket& rate, Publisher& publisher,
              const std::function<Token()>& next_token);
    void take(const PublishOutcome& outcome);
    /// The next answer to publish.
    [[nodiscard]] std::optional<Message> next_response();

    /// How many of the `window` messages in flight it takes away from the new batches.
    [[nodiscard]] std::size_t share_of(std::size_t window) const;
    [[nodiscard]] Instant waiting_since() const;
    /// When send() wants to be called again, apart from acknowledgements.
    [[nodiscard]] Instant next_at() const { return tasks_.empty() ? never : again_at_; }
    /// Batches sent for requests since the start.
    [[nodiscard]] std::uint64_t resent() const { return resent_; }

  private:
    struct Task {
        DataResponse response;                                 ///< grows with what is sent
        std::vector<record::BatchSource::NumberRange> ranges;  ///< still to be read; last first
    };

    void accept(const DataRequest& request, Instant now);
    [[nodiscard]] Result<std::vector<record::BatchSource::NumberRange>> ranges_of(
        const DataRequest& request, PanelNumber panel);
    void refuse(const std::string& id, std::string text, Instant now);
    void answer(const DataResponse& response);
    void end_task(std::string error);
    [[nodiscard]] bool read_more(std::size_t count_max);
    /// Publishes the next batch of the page; false: not now.
    bool send_one(Instant now, TokenBucket& rate, Publisher& publisher, Token token);

    const DeliveryOptions options_;
    const record::Directory& directory_;
    record::BatchSource& source_;
    Encode encode_;
    MinuteLimit requests_;
    MinuteLimit refusals_;
    TokenBucket own_rate_;

    std::deque<Task> tasks_;
    std::deque<Batch> page_;            ///< read for the first task, not sent
    std::map<Token, Instant> flights_;  ///< of the first task
    std::deque<Message> responses_;
    Instant again_at_ = never;
    std::uint64_t resent_ = 0;
};

}  // namespace metergate::northbound

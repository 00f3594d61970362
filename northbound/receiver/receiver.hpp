#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/model/clock.hpp"
#include "gateway/record/received.hpp"
#include "northbound/backoff.hpp"
#include "northbound/publisher.hpp"
#include "northbound/receiver/asker.hpp"
#include "northbound/receiver/messages.hpp"
#include "northbound/receiver/panel_book.hpp"

namespace metergate::northbound::receiver {

struct ReceiverOptions {
    Id gateway;
    std::string name;        ///< in receipts and ids of requests; is_talk_name
    std::uint64_t seed = 1;  ///< of jitter and of the ids of requests; another one for each run
};

struct ReceiverSummary {
    std::uint64_t received = 0;    ///< new batches of this run
    std::uint64_t doubled = 0;     ///< came again with the same bytes, in this run
    std::uint64_t changed = 0;     ///< came again with other bytes, in this run: an error
    std::uint64_t unreadable = 0;  ///< in this run
    std::uint64_t missing = 0;     ///< that exist and are not kept, now
    std::uint64_t purged = 0;      ///< that the gateway had no more, now
};

/// The far end of a gateway: keeps every batch once, asks for those that are missing, and sends a
/// receipt for what is safe. Stepped; one thread; owns no connection and no file.
class Receiver {
  public:
    /// What a receiver works with; all of it outlives the receiver.
    struct Parts {
        const Clock& clock;
        Publisher& publisher;
        record::ReceivedStore& store;
        std::function<void(std::string_view)> say;   ///< a change worth a line
        std::function<void(std::string_view)> warn;  ///< something is wrong
    };

    Receiver(ReceiverOptions options, Parts parts);

    /// Takes over what the store holds from earlier runs; before the first step.
    [[nodiscard]] Result<void> resume();
    /// Does what is due and returns when it wants to be called next. To be called earlier when the
    /// publisher has news.
    [[nodiscard]] Instant step();
    /// Says goodbye. Nothing is lost by it: what is kept is kept.
    void stop() { parts_.publisher.disconnect(); }

    [[nodiscard]] ReceiverSummary summary() const;
    /// All that the gateway's newest status names is kept or purged, and confirmed.
    [[nodiscard]] bool complete() const;

  private:
    enum class Phase : std::uint8_t { waiting, connecting, up };

    void follow_link(Instant now);
    void opened(Instant now);
    void lost(Instant now, const Error& why);
    void take_outcomes(Instant now);
    void take_incoming(Instant now);
    void take_one(const Incoming& incoming, std::string_view leaf);
    void take_batch(const Incoming& incoming);
    void take_status(const std::string& payload);
    void keep(Instant now);
    void book(const std::vector<record::Reception>& receptions);
    void answer(const DataResponse& response, Instant now);
    void ask(Instant now);
    void confirm(Instant now);
    void heed_refusal(const std::string& text);
    [[nodiscard]] Instant oldest_unanswered() const;
    [[nodiscard]] PanelBook& book_of(const PanelKey& key) { return books_[key]; }
    [[nodiscard]] bool is_current(const PanelKey& key) const;

    const ReceiverOptions options_;
    Parts parts_;
    Backoff backoff_;
    Asker asker_;

    Phase phase_ = Phase::waiting;
    Instant phase_since_{};
    Instant connect_at_{};
    Token last_token_ = 0;
    std::map<Token, Instant> subscriptions_;  ///< not yet answered
    std::map<Token, Instant> messages_;       ///< requests and receipts, not yet answered
    bool lost_told_ = false;
    std::string refusal_told_;

    std::map<PanelKey, PanelBook> books_;
    std::map<std::string, Epoch> epochs_;  ///< the present one of each panel
    bool status_heard_ = false;            ///< on this connection
    bool gateway_online_ = false;          ///< as that status says

    record::Arrivals arrivals_;  ///< of this step
    std::vector<DataResponse> responses_;
    std::vector<PanelReach> reaches_;

    struct Confirmation {
        std::uint64_t through = 0;
        Token token = 0;
        bool acknowledged = false;
    };
    std::map<PanelKey, Confirmation> confirmed_;  ///< on this connection
    Instant confirm_at_{};
    Instant repeat_at_{};
    Instant store_again_at_{};
    ReceiverSummary counts_;
};

}  // namespace metergate::northbound::receiver

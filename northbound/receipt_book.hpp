#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gateway/record/directory.hpp"
#include "gateway/record/store.hpp"
#include "northbound/publisher.hpp"

namespace metergate::northbound {

/// How far a receiver behind a destination is, for people.
struct ReceiverStatus {
    std::string receiver;
    UtcSeconds heard;  ///< when it last sent a receipt
    struct Panel {
        Id panel;
        std::uint64_t through = 0;  ///< it has all batches up to this number
        std::uint64_t newest = 0;   ///< newest number there is
    };
    std::vector<Panel> panels;
};

/// What the receivers of one destination have confirmed: a second cursor for each receiver and
/// panel. Ignored: what is no receipt, a retained one, an unknown panel, another epoch, a number
/// beyond the newest, going back, and new receivers beyond sixteen.
class ReceiptBook {
  public:
    /// `stored` is what CursorStore::load_receipts said.
    ReceiptBook(Id destination, const record::Directory& directory,
                std::vector<record::Receipt> stored);

    /// Takes a message that came on the topic `receipt`.
    void take(const Incoming& incoming, Epoch epoch);
    /// Checks what came since the last time and gives it to the store; at most once a second. True:
    /// it did, and status() may be another.
    bool keep(Instant now, UtcSeconds utc, record::BatchSource& source, record::CursorStore& store);

    /// Takes over how far the panels' numbers reach.
    void know(const std::vector<record::BatchSource::PanelSpan>& spans);

    /// When keep() has something to do; `never` if nothing has come.
    [[nodiscard]] Instant next_at() const;
    [[nodiscard]] std::vector<ReceiverStatus> status() const;

  private:
    using Key = std::pair<std::string, PanelNumber>;

    [[nodiscard]] bool may_join(const std::string& receiver) const;

    Id destination_;
    const record::Directory& directory_;
    std::map<Key, record::Receipt> confirmed_;
    std::map<Key, std::uint64_t> arrived_;  ///< not yet checked
    std::map<PanelNumber, std::uint64_t> newest_;
    Instant keep_at_{};
};

}  // namespace metergate::northbound

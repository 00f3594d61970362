#include "northbound/receipt_book.hpp"

#include <algorithm>
#include <set>

#include "northbound/native_encoder.hpp"
#include "northbound/talk.hpp"

namespace metergate::northbound {
namespace {

constexpr std::size_t receivers_max = 16;
/// Of one second: sixteen receivers and all panels a gateway can have.
constexpr std::size_t arrived_max = 16'384;
constexpr Duration keep_period = std::chrono::seconds{1};

}  // namespace

ReceiptBook::ReceiptBook(Id destination, const record::Directory& directory,
                         std::vector<record::Receipt> stored)
    : destination_(std::move(destination)), directory_(directory) {
    for (record::Receipt& receipt : stored) {
        Key key{receipt.receiver, receipt.panel};
        confirmed_.insert_or_assign(std::move(key), std::move(receipt));
    }
}

void ReceiptBook::take(const Incoming& incoming, Epoch epoch) {
    const auto receipt = parse_receipt(incoming.payload);
    if (!receipt || incoming.retained || receipt->epoch != epoch) {
        return;
    }
    const auto panel = panel_named(directory_, receipt->panel);
    if (!panel ||
        (arrived_.size() >= arrived_max && !arrived_.contains({receipt->receiver, *panel}))) {
        return;
    }
    std::uint64_t& through = arrived_[{receipt->receiver, *panel}];
    through = std::max(through, receipt->through);
}

bool ReceiptBook::keep(Instant now, UtcSeconds utc, record::BatchSource& source,
                       record::CursorStore& store) {
    if (arrived_.empty() || now < keep_at_) {
        return false;
    }
    keep_at_ = now + keep_period;
    const auto spans = source.spans();
    if (!spans) {
        return false;  // tried again in a second
    }
    know(*spans);
    std::erase_if(confirmed_, [&](const auto& entry) {
        return entry.second.heard < utc - record::receiver_silence_max;
    });
    for (const auto& [key, through] : arrived_) {
        const auto newest = newest_.find(key.second);
        if (newest == newest_.end() || through > newest->second || !may_join(key.first)) {
            continue;
        }
        record::Receipt& receipt = confirmed_[key];
        const bool same_epoch = receipt.epoch == source.epoch();
        receipt = {destination_,
                   key.first,
                   key.second,
                   source.epoch(),
                   same_epoch ? std::max(receipt.through, through) : through,
                   utc};
        store.keep(receipt);
    }
    arrived_.clear();
    return true;
}

void ReceiptBook::know(const std::vector<record::BatchSource::PanelSpan>& spans) {
    for (const auto& span : spans) {
        newest_[span.panel] = span.newest;
    }
}

bool ReceiptBook::may_join(const std::string& receiver) const {
    std::set<std::string> known;
    for (const auto& [key, receipt] : confirmed_) {
        known.insert(key.first);
    }
    return known.contains(receiver) || known.size() < receivers_max;
}

Instant ReceiptBook::next_at() const {
    return arrived_.empty() ? never : keep_at_;
}

std::vector<ReceiverStatus> ReceiptBook::status() const {
    std::vector<ReceiverStatus> all;
    for (const auto& [key, receipt] : confirmed_) {
        if (all.empty() || all.back().receiver != key.first) {
            all.push_back({key.first, receipt.heard, {}});
        }
        ReceiverStatus& one = all.back();
        one.heard = std::max(one.heard, receipt.heard);
        const auto newest = newest_.find(key.second);
        one.panels.push_back({panel_name(directory_, key.second), receipt.through,
                              newest == newest_.end() ? receipt.through : newest->second});
    }
    return all;
}

}  // namespace metergate::northbound

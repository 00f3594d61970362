#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/record/store.hpp"

namespace metergate::support {

/// A store's reading side and its cursors, in memory.
class FakeBatches final : public record::BatchSource, public record::CursorStore {
  public:
    std::vector<Batch> rows;  ///< in order of seq
    std::optional<Error> fault;
    std::vector<record::CursorMove> moves;
    std::vector<record::Receipt> receipts;      ///< given to keep()
    std::map<PanelNumber, std::uint64_t> kept;  ///< oldest number not purged; absent: all are kept

    Epoch epoch() const override { return Epoch{0xabcdef0123456789}; }
    Result<record::BatchPage> after(BatchSeq cursor, std::size_t count_max) override {
        if (fault) {
            return *fault;
        }
        record::BatchPage page{{}, cursor};
        auto row =
            std::upper_bound(rows.begin(), rows.end(), cursor,
                             [](BatchSeq seq, const Batch& batch) { return seq < batch.seq; });
        for (; row != rows.end() && page.batches.size() < count_max; ++row) {
            page.batches.push_back(*row);
            page.through = row->seq;
        }
        return page;
    }
    Result<BatchSeq> newest() override {
        if (fault) {
            return *fault;
        }
        return rows.empty() ? BatchSeq{0} : rows.back().seq;
    }
    Result<std::vector<PanelSpan>> spans() override {
        std::vector<PanelSpan> spans;
        for (const Batch& row : rows) {
            const auto known = std::find_if(spans.begin(), spans.end(), [&](const auto& span) {
                return span.panel == row.panel;
            });
            if (known == spans.end()) {
                spans.push_back({row.panel, row.number, row.number});
            } else {
                known->newest = row.number;
            }
        }
        for (PanelSpan& span : spans) {
            const auto first = kept.find(span.panel);
            span.oldest_kept = first == kept.end() ? span.oldest_kept : first->second;
        }
        return spans;
    }

    Result<NumberedPage> by_number(const NumberRange& range, std::size_t count_max) override {
        if (fault) {
            return *fault;
        }
        NumberedPage page;
        page.complete = true;
        page.through = range.to;
        for (const Batch& row : rows) {
            if (row.panel != range.panel || row.number < range.from || row.number > range.to) {
                continue;
            }
            if (kept.contains(row.panel) && row.number < kept.at(row.panel)) {
                page.purged_through = row.number;
            } else if (page.batches.size() == count_max) {
                page.complete = false;
                page.through = page.batches.back().number;
                break;
            } else {
                page.batches.push_back(row);
            }
        }
        return page;
    }
    Result<std::vector<std::uint64_t>> numbers_by_end(PanelNumber panel, UtcSeconds from,
                                                      UtcSeconds to,
                                                      std::size_t count_max) override {
        std::vector<std::uint64_t> found;
        for (const Batch& row : rows) {
            if (row.panel == panel && row.end >= from && row.end <= to) {
                found.push_back(row.number);
            }
        }
        if (found.size() > count_max) {
            return Error{Fault::refused, "more than " + std::to_string(count_max) + " batches"};
        }
        return found;
    }

    Result<std::optional<BatchSeq>> load(const Id&) override {
        return moves.empty() ? std::nullopt : std::optional{moves.back().through};
    }
    Result<std::vector<record::Receipt>> load_receipts(const Id&) override { return receipts; }
    void move(const record::CursorMove& move) override { moves.push_back(move); }
    void keep(const record::Receipt& receipt) override { receipts.push_back(receipt); }
};

}  // namespace metergate::support

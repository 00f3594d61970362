#pragma once

#include <algorithm>
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
        return spans;
    }

    Result<std::optional<BatchSeq>> load(const Id&) override {
        return moves.empty() ? std::nullopt : std::optional{moves.back().through};
    }
    void move(const record::CursorMove& move) override { moves.push_back(move); }
};

}  // namespace metergate::support

#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gateway/record/store.hpp"

namespace metergate::test {

/// A store that keeps everything in memory, gives out numbers as the real one does, and fails when
/// told. It lives on when the recorder before it is destroyed: that is a restart.
class MemoryStore final : public record::Store {
  public:
    /// The next `count` commits fail with `fault` and leave nothing behind.
    void fail_next_commits(int count, Fault fault) {
        failures_left_ = count;
        fault_ = fault;
    }

    [[nodiscard]] Epoch epoch() const override { return Epoch{0x1234}; }

    [[nodiscard]] Result<record::Numbering> number(
        const record::NumberingRequest& request) override {
        record::Numbering numbering;
        std::uint32_t panel_number = 0;
        for (const auto& panel : request.panels) {
            const PanelNumber number{++panel_number};
            record::Numbering::PanelEntry entry{panel.id, number, {}};
            for (std::uint32_t i = 0; i < panel.points.size(); ++i) {
                entry.points.push_back({panel.points[i], point_number(number, i)});
            }
            numbering.panels.push_back(std::move(entry));
        }
        for (std::uint32_t i = 0; i < request.series.size(); ++i) {
            numbering.series.emplace_back(request.series[i], SeriesNumber{i + 1});
        }
        return numbering;
    }

    [[nodiscard]] Result<record::Restart> restart_state() override {
        record::Restart restart;
        restart.clean_stop = clean_;
        restart.new_store = commits.empty();
        restart.last_readings = last_readings;
        for (const auto& [panel, mark] : panel_marks) {
            restart.panel_marks.push_back(mark);
        }
        for (const auto& [key, row] : chain_rows) {
            restart.chains.push_back(newest_baseline(row));
        }
        for (const Batch& batch : batches) {
            if (batch.panel != gateway_panel) {
                restart.newest_end = std::max(restart.newest_end.value_or(batch.end), batch.end);
            }
        }
        return restart;
    }

    [[nodiscard]] Result<BatchSeq> commit(const record::Commit& commit) override {
        ++attempts;
        if (failures_left_ > 0) {
            --failures_left_;
            return Error{fault_, "the store was told to fail"};
        }
        commits.push_back(commit);
        for (const Event& event : commit.events) {
            keep(event);
        }
        for (const Batch& batch : commit.batches) {
            keep(batch);
        }
        keep_gateway_events();
        for (const record::ChainState& chain : commit.chains) {
            chain_rows[{chain.point, chain.series}] = chain;
        }
        for (const record::CursorMove& move : commit.cursors) {
            BatchSeq& through = cursors[move.destination];
            through = std::max(through, move.through);
        }
        for (const PanelEventMark& mark : commit.panel_marks) {
            panel_marks.insert_or_assign(mark.panel, mark);
        }
        if (commit.clean_stop || clean_) {
            last_readings = commit.last_readings;
        }
        clean_ = commit.clean_stop;
        return newest();
    }

    [[nodiscard]] Result<std::vector<Record>> long_records(PanelNumber panel, UtcSeconds after,
                                                           UtcSeconds through,
                                                           std::size_t count_max) override {
        std::vector<Record> found;
        for (const auto& [key, record] : newest_records()) {
            const bool wanted = panel_of(record.point) == panel && record.end > after &&
                                record.end <= through && record.value &&
                                record.flags.has(Flag::long_interval);
            if (wanted && found.size() < count_max) {
                found.push_back(record);
            }
        }
        return found;
    }

    [[nodiscard]] Result<std::vector<Record>> unread_records(PanelNumber panel, UtcSeconds from,
                                                             UtcSeconds through) override {
        std::vector<Record> found;
        for (const auto& [key, record] : newest_records()) {
            const bool wanted = panel_of(record.point) == panel && record.end >= from &&
                                record.end <= through && !record.value &&
                                record.origin == Origin::gateway;
            if (wanted) {
                found.push_back(record);
            }
        }
        return found;
    }

    using NewestRecords = std::map<std::tuple<UtcSeconds, PointNumber, SeriesNumber>, Record>;
    [[nodiscard]] NewestRecords newest_records() const {
        NewestRecords newest_of;
        for (const Batch& batch : batches) {
            for (const Record& record : batch.records) {
                newest_of[{record.end, record.point, record.series}] = record;
            }
        }
        return newest_of;
    }

    [[nodiscard]] BatchSeq newest() const {
        return batches.empty() ? BatchSeq{} : batches.back().seq;
    }

    /// All records of one point and series, in order of storing.
    [[nodiscard]] std::vector<Record> records_of(PointNumber point, SeriesNumber series) const {
        std::vector<Record> found;
        for (const Batch& batch : batches) {
            for (const Record& record : batch.records) {
                if (record.point == point && record.series == series) {
                    found.push_back(record);
                }
            }
        }
        return found;
    }

    /// The newest record of each end, by end: what a reader takes for true.
    [[nodiscard]] std::vector<Record> current(PointNumber point, SeriesNumber series) const {
        std::map<UtcSeconds, Record> by_end;
        for (const Record& record : records_of(point, series)) {
            const auto [place, is_new] = by_end.try_emplace(record.end, record);
            if (!is_new && record.revision > place->second.revision) {
                place->second = record;
            }
        }
        std::vector<Record> found;
        for (const auto& [end, record] : by_end) {
            found.push_back(record);
        }
        return found;
    }

    [[nodiscard]] std::vector<Event> events_of(EventKind kind) const {
        std::vector<Event> found;
        std::copy_if(events.begin(), events.end(), std::back_inserter(found),
                     [kind](const Event& event) { return event.kind == kind; });
        return found;
    }

    std::vector<record::Commit> commits;  ///< as they came, successful ones only
    std::vector<Batch> batches;           ///< with seq, number, revision and events
    std::vector<Event> events;            ///< with seq and occurrence
    std::map<std::pair<PointNumber, SeriesNumber>, record::ChainState> chain_rows;
    std::map<Id, BatchSeq> cursors;
    std::vector<record::LastReading> last_readings;
    std::map<PanelNumber, PanelEventMark> panel_marks;
    std::set<SeriesNumber> logged_series;  ///< those billed from panels' logs: the test says which
    int attempts = 0;

  private:
    void keep(Event event) {
        event.seq = static_cast<std::int64_t>(events.size()) + 1;
        event.occurrence = ++occurrences_[{event.source, event.kind}];
        events.push_back(event);
        uncarried_.push_back(std::move(event));
    }

    void keep(Batch batch) {
        batch.seq = BatchSeq{raw(newest()) + 1};
        batch.number = ++numbers_[batch.panel];
        batch.revision = revisions_[{batch.panel, batch.end}]++;
        for (Record& record : batch.records) {
            record.revision = batch.revision;
        }
        const auto carried = [&](const Event& event) { return event.panel == batch.panel; };
        std::copy_if(uncarried_.begin(), uncarried_.end(), std::back_inserter(batch.events),
                     carried);
        std::erase_if(uncarried_, carried);
        batches.push_back(std::move(batch));
    }

    void keep_gateway_events() {
        for (;;) {
            const auto event =
                std::find_if(uncarried_.begin(), uncarried_.end(),
                             [](const Event& e) { return e.panel == gateway_panel; });
            if (event == uncarried_.end()) {
                return;
            }
            Batch batch;
            batch.panel = gateway_panel;
            batch.end = std::chrono::floor<std::chrono::seconds>(event->at);
            keep(std::move(batch));
        }
    }

    [[nodiscard]] record::ChainState newest_baseline(record::ChainState state) const {
        const bool is_logged = logged_series.contains(state.series);
        const bool has_unread = is_logged && state.edge < state.closed_through;
        for (const Record& record : current(state.point, state.series)) {
            const bool is_edge = is_logged ? record.value && !has_unread : record.reg.has_value();
            if (is_edge && record.end > state.edge) {
                state.edge = record.end;
                state.edge_register = record.reg.value_or(0);
                state.open_flags = {};
            }
            state.closed_through = std::max(state.closed_through, record.end);
        }
        return state;
    }

    int failures_left_ = 0;
    Fault fault_ = Fault::full;
    bool clean_ = false;
    std::vector<Event> uncarried_;
    std::map<std::pair<std::string, EventKind>, std::uint32_t> occurrences_;
    std::map<PanelNumber, std::uint64_t> numbers_;
    std::map<std::pair<PanelNumber, UtcSeconds>, std::uint32_t> revisions_;
};

}  // namespace metergate::test

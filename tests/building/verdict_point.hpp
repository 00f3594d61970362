#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/building/local_edges.hpp"
#include "tests/building/served_view.hpp"
#include "tests/building/verdict.hpp"

namespace metergate::building {

/// A fault as the gateway's clock would date it, with the time in which its traces may appear.
struct Reach {
    const PlannedFault* fault = nullptr;
    std::int64_t from_s = 0;
    std::int64_t until_s = 0;
    bool hidden = false;  ///< as of ServedView::is_hidden

    [[nodiscard]] bool touches(const ReceivedRecord& record) const {
        return record.start_s <= until_s && record.end_s >= from_s;
    }
};

/// Current records of one point and series, in order of their end.
using CurrentRecords = std::vector<const ReceivedRecord*>;

/// Whether a series is billed as the panel's own log has it, by its code: `kwh-15min-log`.
[[nodiscard]] bool is_logged_series(std::string_view code);

/// Judges one point and series: chain, registers, energy, flags; or that it says what the panel
/// logged.
class PointJudge {
  public:
    PointJudge(const VerdictOptions& options, LocalEdges& edges, const ServedView& view,
               std::size_t point, std::vector<Reach> reaches, Verdict& verdict);

    void judge(const CurrentRecords& records);

  private:
    /// What the flags of one record may speak of.
    struct ToldSpan {
        std::int64_t from_s = 0;
        std::int64_t until_s = 0;

        [[nodiscard]] bool touches(const Reach& reach) const {
            return from_s <= reach.until_s && until_s >= reach.from_s;
        }
    };
    struct Chain {
        const ReceivedRecord* first = nullptr;
        const ReceivedRecord* last = nullptr;
        std::int64_t opening = 0;
        std::int64_t sum = 0;
    };

    [[nodiscard]] bool starts_chain(const ReceivedRecord& record) const;
    void find_told_spans(const CurrentRecords& records);
    void judge_shape(const ReceivedRecord& record, bool first_of_chain);
    void judge_sum(const ReceivedRecord& record);
    void judge_register(const ReceivedRecord& record, bool first_of_chain);
    void judge_energy(const ReceivedRecord& first, const ReceivedRecord& last, std::int64_t told,
                      bool chain);
    void judge_flags(const ReceivedRecord& record, bool first_of_chain, const ToldSpan& told);
    void judge_absent_flags(const CurrentRecords& records);
    void end_chain();
    [[nodiscard]] bool is_spoilt(const ReceivedRecord& first, const ReceivedRecord& last) const;
    [[nodiscard]] std::int64_t steps_mwh(const ReceivedRecord& record) const;
    void judge_recovery(const CurrentRecords& records);
    void judge_logged(const CurrentRecords& records);
    void judge_logged_value(const ReceivedRecord& record);
    void demand_logged(const ReceivedRecord& record, std::int64_t slots);
    void demand_recovered(const ReceivedRecord& gap, std::int64_t edge_s, const std::string& what);
    [[nodiscard]] bool could_be_recovered(const ReceivedRecord& gap, std::int64_t edge_s) const;
    /// The row that the panel logged at an edge; null if none.
    [[nodiscard]] const LoggedRow* logged_at(std::int64_t edge_s) const;
    /// Whether the register at the record's end is what the panel logged there.
    [[nodiscard]] bool ends_as_logged(const ReceivedRecord& record) const;
    /// True energies that an edge may have been told with.
    [[nodiscard]] std::vector<ServedView::Truth> truths(std::int64_t edge_s,
                                                        std::chrono::milliseconds tolerance,
                                                        bool as_logged) const;
    [[nodiscard]] std::int64_t tolerance_ms(const ReceivedRecord& record) const;
    [[nodiscard]] std::chrono::milliseconds held_back(const ReceivedRecord& record) const;
    void violate(const ReceivedRecord& record, const std::string& text);

    const VerdictOptions& options_;
    LocalEdges& edges_;
    const ServedView& view_;
    std::size_t point_;
    std::vector<Reach> reaches_;
    Verdict& verdict_;
    std::vector<ToldSpan> told_spans_;  ///< one per record
    Chain chain_;
    std::int64_t length_s_ = 0;  ///< by the name of the series
};

}  // namespace metergate::building

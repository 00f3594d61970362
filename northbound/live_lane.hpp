#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "gateway/record/directory.hpp"
#include "gateway/record/live_values.hpp"
#include "northbound/delivery_options.hpp"
#include "northbound/publisher.hpp"

namespace metergate::northbound {

/// Live values of one destination: what changed since it was last told, the newest value only, and
/// every value again at the heartbeat as long as it is still being read. A point's quality is told
/// beside its values: `good`, `unavailable` (the panel cannot say some value) or `stale` (no new
/// reading).
class LiveLane {
  public:
    LiveLane(const DeliveryOptions& options, const record::LiveValues& values,
             const record::Directory& directory);

    /// A connection is new: everything that is not stale is to be told.
    void restart();
    /// Takes over what was read since the last call and finds what became stale.
    void refresh(Instant now);
    /// Forgets points that are not in use any more; what was told of them is to be cleared.
    void clear_unused();
    /// The topic whose retained value is to be cleared next; null if none.
    [[nodiscard]] const std::string* next_to_clear() const {
        return to_clear_.empty() ? nullptr : &to_clear_.front();
    }
    /// That one was cleared.
    void cleared() { to_clear_.pop_front(); }
    /// The next message to send; nothing if all is told. Waiting messages are at most one for each
    /// quantity and quality of each point: a newer value takes the place of the older one.
    [[nodiscard]] std::optional<Message> next(Instant now);
    [[nodiscard]] bool waiting() const { return !waiting_.empty() || !to_clear_.empty(); }

  private:
    /// Point and quantity; the quality of a point has the place after its last quantity.
    using Key = std::uint64_t;
    enum class Quality : std::uint8_t { good, unavailable, stale };
    struct Entry {
        record::LiveValue newest;
        std::optional<Milli> told;
        Instant told_at;
        bool waits = false;
    };
    struct PointState {
        Quality quality = Quality::good;
        std::optional<Quality> told;
        Instant newest_at;
        bool waits = false;
    };

    void forget(PointNumber number);
    void take_over(const record::LiveValue& value, Instant now);
    void judge_quality(Instant now);
    [[nodiscard]] Quality quality_of(PointNumber point, Instant newest_at, Instant now) const;
    void enqueue(Key key, bool& waits);
    [[nodiscard]] Message tell_quality(PointNumber number, PointState& point) const;
    [[nodiscard]] Message tell_value(PointNumber number, Entry& entry, Instant now) const;

    const DeliveryOptions options_;
    const record::LiveValues& values_;
    const record::Directory& directory_;
    std::uint64_t version_ = 0;
    Instant judge_at_{};
    std::map<Key, Entry> entries_;
    std::map<PointNumber, PointState> points_;
    std::deque<Key> waiting_;           ///< in the order in which they came; each key at most once
    std::deque<std::string> to_clear_;  ///< topics; kept over a lost connection
};

}  // namespace metergate::northbound

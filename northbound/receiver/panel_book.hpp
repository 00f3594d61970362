#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "gateway/model/time.hpp"
#include "northbound/receiver/number_set.hpp"

namespace metergate::northbound::receiver {

/// Which batches of one panel and epoch are kept, which there are, and which are gone.
class PanelBook {
  public:
    void keep(std::uint64_t from, std::uint64_t to) {
        held_.add(from, to);
        exists_through(to);
    }
    /// The gateway has given out numbers up to `newest`. True: that is news.
    bool exists_through(std::uint64_t newest) {
        const bool news = newest > newest_;
        newest_ = std::max(newest_, newest);
        return news;
    }
    /// What is not kept of the numbers up to `through` is gone. True: that is news.
    bool purged_through(std::uint64_t through) {
        const bool news = through > purged_;
        purged_ = std::max(purged_, through);
        exists_through(through);
        return news;
    }

    [[nodiscard]] std::uint64_t newest() const { return newest_; }
    [[nodiscard]] bool has(std::uint64_t number) const { return held_.contains(number); }
    /// Numbers that the gateway still has and that are not kept; the oldest run of them.
    [[nodiscard]] std::optional<NumberSet::Run> first_missing(std::uint64_t from = 1) const {
        return held_.first_hole(std::max(purged_ + 1, from), newest_);
    }
    [[nodiscard]] std::uint64_t missing() const {
        return newest_ - std::min(newest_, purged_) -
               (held_.count_through(newest_) - held_.count_through(purged_));
    }
    [[nodiscard]] std::uint64_t purged() const { return purged_ - held_.count_through(purged_); }
    /// All up to here is kept or gone.
    [[nodiscard]] std::uint64_t through() const {
        const auto hole = first_missing();
        return hole ? hole->from - 1 : newest_;
    }

  private:
    NumberSet held_;
    std::uint64_t newest_ = 0;
    std::uint64_t purged_ = 0;
};

}  // namespace metergate::northbound::receiver

#pragma once

#include <cstddef>
#include <vector>

#include "southbound/panel_blocks.hpp"
#include "southbound/refused_registers.hpp"

namespace metergate::southbound {

/// The requests of one poll: the planned ones, then smaller ones for those that were refused, level
/// by level, until every value has been served or refused by itself. Pure; one thread.
class BlockRun {
  public:
    /// A panel that refuses this many and serves nothing is not ready, or another device: nobody
    /// would learn anything from its answers about single values.
    static constexpr std::size_t refusals_without_answer_max = 16;

    BlockRun() = default;
    explicit BlockRun(std::vector<SharedBlock> blocks);

    [[nodiscard]] bool is_done() const { return next_ == level_.size(); }
    /// Unless done.
    [[nodiscard]] const PanelBlock& next() const { return *level_[next_]; }

    // What became of next(). `fields` are those that the blocks name.
    void served(const std::vector<PanelField>& fields);
    /// The panel does not have some of these registers, or not in one request.
    void refused(const std::vector<PanelField>& fields);
    /// The panel refused for a reason that has nothing to do with registers.
    void passed_over(const std::vector<PanelField>& fields);

    /// What is known when it is done. No refusals, if the run was given up.
    [[nodiscard]] const ServedAndRefused& found() const { return found_; }

  private:
    void go_on(const std::vector<PanelField>& fields);

    std::vector<SharedBlock> level_;
    std::size_t next_ = 0;
    std::vector<SharedBlock> to_split_;
    ServedAndRefused found_;
};

}  // namespace metergate::southbound

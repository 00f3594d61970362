#include "southbound/block_run.hpp"

#include <iterator>
#include <utility>

namespace metergate::southbound {

BlockRun::BlockRun(std::vector<SharedBlock> blocks) : level_(std::move(blocks)) {
    found_.served.reserve(level_.size());
}

void BlockRun::served(const std::vector<PanelField>& fields) {
    found_.served.push_back(next().span);
    go_on(fields);
}

void BlockRun::refused(const std::vector<PanelField>& fields) {
    found_.refused.push_back(next().span);
    to_split_.push_back(level_[next_]);
    go_on(fields);
}

void BlockRun::passed_over(const std::vector<PanelField>& fields) {
    go_on(fields);
}

void BlockRun::go_on(const std::vector<PanelField>& fields) {
    ++next_;
    if (!is_done() || to_split_.empty()) {
        return;
    }
    if (found_.served.empty() && found_.refused.size() >= refusals_without_answer_max) {
        found_.refused.clear();
        return;
    }
    level_.clear();
    next_ = 0;
    for (const SharedBlock& block : std::exchange(to_split_, {})) {
        std::vector<SharedBlock> smaller = smaller_blocks(fields, *block);
        std::move(smaller.begin(), smaller.end(), std::back_inserter(level_));
    }
}

}  // namespace metergate::southbound

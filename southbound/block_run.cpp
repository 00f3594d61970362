#include "southbound/block_run.hpp"

#include <iterator>
#include <utility>

namespace metergate::southbound {

BlockRun::BlockRun(std::vector<PanelBlock> blocks)
    : waiting_(std::make_move_iterator(blocks.begin()), std::make_move_iterator(blocks.end())) {}

void BlockRun::served(const std::vector<PanelField>& fields) {
    found_.served.push_back(next().span);
    go_on(fields);
}

void BlockRun::refused(const std::vector<PanelField>& fields) {
    found_.refused.push_back(next().span);
    to_split_.push_back(next());
    go_on(fields);
}

void BlockRun::passed_over(const std::vector<PanelField>& fields) {
    go_on(fields);
}

void BlockRun::go_on(const std::vector<PanelField>& fields) {
    waiting_.pop_front();
    if (!waiting_.empty() || to_split_.empty()) {
        return;
    }
    if (found_.served.empty() && found_.refused.size() >= refusals_without_answer_max) {
        found_.refused.clear();
        return;
    }
    for (const PanelBlock& block : std::exchange(to_split_, {})) {
        for (PanelBlock& smaller : smaller_blocks(fields, block)) {
            waiting_.push_back(std::move(smaller));
        }
    }
}

}  // namespace metergate::southbound

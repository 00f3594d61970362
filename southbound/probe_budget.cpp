#include "southbound/probe_budget.hpp"

#include <algorithm>

namespace metergate::southbound {

void ProbeBudget::spent(Instant begin, Instant end) {
    const Duration earned_in = (end - begin) * 100 / percent;
    free_at_ = std::max(free_at_, begin) + earned_in;
}

}  // namespace metergate::southbound

#include "southbound/wire_share.hpp"

#include <algorithm>

namespace metergate::southbound {

void WireShare::spent(Instant begin, Instant end) {
    free_at_ = std::max(free_at_, begin) + (end - begin) * 100 / percent_;
}

}  // namespace metergate::southbound

#include "southbound/refused_registers.hpp"

#include <algorithm>
#include <iterator>

namespace metergate::southbound {
namespace {

bool is_in_any(const RegisterSpan& inner, std::span<const RegisterSpan> spans) {
    return std::any_of(spans.begin(), spans.end(),
                       [&](const RegisterSpan& span) { return lies_in(inner, span); });
}

}  // namespace

std::vector<RegisterSpan> smallest_of(std::span<const RegisterSpan> refused) {
    std::vector<RegisterSpan> smallest;
    for (const RegisterSpan& span : refused) {
        const bool is_explained = std::any_of(
            refused.begin(), refused.end(),
            [&](const RegisterSpan& other) { return other != span && lies_in(other, span); });
        if (!is_explained && !is_in_any(span, smallest)) {
            smallest.push_back(span);
        }
    }
    return smallest;
}

bool RefusedRegisters::take(const ServedAndRefused& found, Instant now) {
    bool changed = false;
    for (const RegisterSpan& span : found.served) {
        changed = take_served(span) || changed;
    }
    for (const RegisterSpan& span : smallest_of(found.refused)) {
        const auto again = std::find_if(bans_.begin(), bans_.end(),
                                        [&](const Ban& one) { return one.span == span; });
        if (again != bans_.end()) {
            again->wait = std::min(again->wait * 2, retry_wait_max);
            again->retry_at = now + again->wait;
        } else if (!found.served.empty() && !is_in_any(span, served_)) {
            changed = take_refused(span, now) || changed;
        }
    }
    return changed;
}

bool RefusedRegisters::take_served(const RegisterSpan& span) {
    std::erase_if(suspects_, [&](const Suspect& one) { return lies_in(one.span, span); });
    if (!is_in_any(span, served_)) {
        std::erase_if(served_, [&](const RegisterSpan& one) { return lies_in(one, span); });
        served_.push_back(span);
    }
    return std::erase_if(bans_, [&](const Ban& one) { return lies_in(one.span, span); }) > 0;
}

/// True if that makes a ban.
bool RefusedRegisters::take_refused(const RegisterSpan& span, Instant now) {
    auto suspect = std::find_if(suspects_.begin(), suspects_.end(),
                                [&](const Suspect& one) { return one.span == span; });
    if (suspect == suspects_.end()) {
        suspect = suspects_.insert(suspect, {span, 0});
    }
    if (++suspect->polls < polls_to_believe) {
        return false;
    }
    ban(span, now);
    return true;
}

/// Larger spans that contain it are refused because of it: nothing more is known of them.
void RefusedRegisters::ban(const RegisterSpan& span, Instant now) {
    std::erase_if(suspects_, [&](const Suspect& one) { return lies_in(span, one.span); });
    std::erase_if(bans_, [&](const Ban& one) { return lies_in(span, one.span); });
    bans_.push_back({span, now + retry_wait_min});
}

void RefusedRegisters::doubt() {
    served_.clear();
    suspects_.clear();
    for (Ban& one : bans_) {
        one.retry_at = Instant::min();
        one.wait = retry_wait_min;
    }
}

void RefusedRegisters::forget() {
    *this = {};
}

std::vector<RegisterSpan> RefusedRegisters::banned() const {
    std::vector<RegisterSpan> spans;
    std::transform(bans_.begin(), bans_.end(), std::back_inserter(spans),
                   [](const Ban& one) { return one.span; });
    return spans;
}

std::vector<RegisterSpan> RefusedRegisters::to_retry(Instant now, std::size_t at_most) const {
    std::vector<RegisterSpan> due;
    for (const Ban& one : bans_) {
        if (one.retry_at <= now && due.size() < at_most) {
            due.push_back(one.span);
        }
    }
    return due;
}

}  // namespace metergate::southbound

#include "northbound/receiver/asker.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace metergate::northbound::receiver {
namespace {

/// The gateway's own stream brings batches of a panel in order; it is asked when that has been
/// still for so long.
constexpr Duration quiet_time = std::chrono::seconds{3};
/// A panel whose stream is never still is asked for a hole that is so old.
constexpr Duration hole_time_max = std::chrono::seconds{20};
constexpr Duration answer_time = std::chrono::seconds{30};
constexpr Duration limit_wait = std::chrono::seconds{5};
constexpr std::size_t requests_at_once = 4;
/// Below what a gateway allows by default, so that several receivers can share it.
constexpr std::size_t requests_per_min = 12;
constexpr std::uint64_t batches_per_request = 1'000;
constexpr std::uint64_t holes_apart_max = 20;
constexpr std::size_t prefix_length_max = 32;

/// The hole and those close behind it: a few batches more cost less than many requests.
NumberSet::Run run_from(NumberSet::Run run, const PanelBook& book) {
    const std::uint64_t last = run.from + batches_per_request - 1;
    for (auto next = book.first_missing(run.to + 1);
         next && next->from <= std::min(run.to + holes_apart_max, last);
         next = book.first_missing(run.to + 1)) {
        run.to = next->to;
    }
    run.to = std::min(run.to, last);
    return run;
}

}  // namespace

Asker::Asker(std::string_view name, std::uint64_t seed)
    : prefix_(fmt::format("{}-{:08x}-", name.substr(0, prefix_length_max),
                          static_cast<std::uint32_t>(seed))),
      seed_(seed),
      limit_(requests_per_min) {}

Asker::Panel& Asker::panel_of(const PanelKey& key) {
    return panels_.try_emplace(key, seed_ + panels_.size()).first->second;
}

void Asker::heard_of(const PanelKey& key, std::uint64_t number, Instant now) {
    Panel& panel = panel_of(key);
    panel.heard = now;
    if (panel.asked && number >= panel.asked->run.from && number <= panel.asked->run.to) {
        panel.asked->moved = now;
    }
}

void Asker::connection_lost() {
    for (auto& [key, panel] : panels_) {
        panel.asked.reset();
    }
    under_way_ = 0;
}

void Asker::give_up(Panel& panel, Instant now) {
    panel.asked.reset();
    --under_way_;
    panel.not_before = now + panel.backoff.next();
}

bool Asker::is_lost(Panel& panel, std::uint64_t hole, Instant now) {
    if (panel.hole != hole) {
        panel.hole = hole;
        panel.hole_since = now;
    }
    return now - panel.heard >= quiet_time || now - panel.hole_since >= hole_time_max;
}

std::optional<DataRequest> Asker::next(const PanelKey& key, const PanelBook& book, Instant now) {
    Panel& panel = panel_of(key);
    if (panel.asked && now - panel.asked->moved >= answer_time) {
        give_up(panel, now);
    }
    const auto missing = book.first_missing();
    if (!missing || panel.asked || !is_lost(panel, missing->from, now) ||
        now < std::max(panel.not_before, limited_until_) || under_way_ >= requests_at_once) {
        return std::nullopt;
    }
    if (!limit_.allow(now)) {
        limited_until_ = now + limit_wait;
        return std::nullopt;
    }
    const NumberSet::Run run = run_from(*missing, book);
    panel.asked = Asked{prefix_ + std::to_string(++count_), run, now};
    ++under_way_;
    return DataRequest{panel.asked->id, key.second, RequestedNumbers{key.first, run.from, run.to}};
}

std::optional<PanelKey> Asker::asked_by(const std::string& id) const {
    const auto found = std::find_if(panels_.begin(), panels_.end(), [&](const auto& entry) {
        return entry.second.asked && entry.second.asked->id == id;
    });
    return found == panels_.end() ? std::nullopt : std::optional(found->first);
}

void Asker::answered(const PanelKey& key, const PanelBook& book, bool served, Instant now) {
    Panel& panel = panel_of(key);
    const NumberSet::Run run = panel.asked->run;
    const auto left = book.first_missing(run.from);
    if (!served || (left && left->from <= run.to)) {
        give_up(panel, now);
        return;
    }
    panel.asked.reset();
    --under_way_;
    panel.backoff.reset();
    panel.heard = now - quiet_time;  // what is missing beyond was not asked for yet
}

}  // namespace metergate::northbound::receiver

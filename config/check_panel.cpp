#include "config/check_panel.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "gateway/model/series.hpp"
#include "gateway/model/wiring.hpp"

namespace metergate::config {
namespace {

using schema::item_path;
using schema::member_path;
using schema::PanelSettings;
using schema::PointSettings;

std::string seconds_text(std::chrono::seconds length) {
    const auto count = length.count();
    return count % 60 == 0 ? std::to_string(count / 60) + " min" : std::to_string(count) + " s";
}

std::string channel_text(std::int64_t channel) {
    const auto number = static_cast<unsigned>(channel);
    return "channel " + std::to_string(channel) + " (cable " + std::to_string(cable_of(number)) +
           ", pair " + std::to_string(pair_of(number)) + ")";
}

std::string ratio_text(const PointSettings& point) {
    return std::to_string(point.ct_primary_a) + " A : " + std::to_string(point.ct_secondary_ma) +
           " mA";
}

/// The check of one panel; knows its profile, if there is one of that name.
class PanelCheck {
  public:
    PanelCheck(const PanelSettings& panel, const std::string& path, const CheckContext& context)
        : panel_(panel),
          path_(path),
          context_(context),
          findings_(context.findings),
          profile_(context.facts.profile(panel.profile)) {}

    void run() {
        check_profile();
        check_clock();
        if (panel_.points.empty() && findings_.sound(member_path(path_, "points"))) {
            findings_.warning(member_path(path_, "points"),
                              "there is no point: nothing of this panel will be recorded");
        }
        for (std::size_t i = 0; i < panel_.points.size(); ++i) {
            const std::string path = item_path(member_path(path_, "points"), i);
            if (!findings_.readable(path)) continue;
            const PointSettings& point = panel_.points[i];
            check_slot(point, path);
            check_channels(point, path);
            check_reversed(point, path);
            check_transformers(point, path);
            check_multiplier(point, path);
            check_series(point, path);
        }
    }

  private:
    void check_profile() {
        if (profile_ != nullptr || panel_.profile.empty()) return;
        const auto names = context_.facts.profile_names();
        std::string hint = did_you_mean(panel_.profile, names);
        if (hint.empty()) {
            for (const std::string& name : names)
                hint += (hint.empty() ? "; known: " : ", ") + name;
        }
        findings_.error(member_path(path_, "profile"),
                        "there is no profile " + quoted(panel_.profile) + hint);
    }

    void check_clock() {
        const bool can_be_set = profile_ == nullptr || profile_->clock_can_be_set;
        if (panel_.clock == schema::ClockCare::set && !can_be_set) {
            findings_.error(member_path(path_, "clock"),
                            "profile " + panel_.profile + " says no way to set a clock");
        }
    }

    void check_slot(const PointSettings& point, const std::string& point_path) {
        const std::string path = member_path(point_path, "slot");
        if (!findings_.sound(path)) return;
        if (profile_ != nullptr && point.slot > profile_->points) {
            findings_.error(path, std::to_string(point.slot) + " is beyond the " +
                                      std::to_string(profile_->points) + " points of profile " +
                                      panel_.profile);
        }
        const auto [at, is_new] = slots_.emplace(point.slot, point.id);
        if (!is_new) {
            findings_.error(path, std::to_string(point.slot) + " is already the slot of point " +
                                      quoted(at->second));
        }
    }

    void check_channels(const PointSettings& point, const std::string& point_path) {
        const std::string path = member_path(point_path, "channels");
        check_channel_count(point, point_path);
        for (std::size_t i = 0; i < point.channels.size(); ++i) {
            const std::string item = item_path(path, i);
            const std::int64_t channel = point.channels[i];
            if (!findings_.sound(item)) continue;
            if (profile_ != nullptr && profile_->channels > 0 && channel > profile_->channels) {
                findings_.error(item, std::to_string(channel) + " is beyond the " +
                                          std::to_string(profile_->channels) +
                                          " channels of profile " + panel_.profile);
            }
            const auto [at, is_new] = channels_.emplace(channel, point.id);
            if (!is_new) {
                findings_.error(item, channel_text(channel) + " is already used by point " +
                                          quoted(at->second));
            }
        }
    }

    void check_channel_count(const PointSettings& point, const std::string& point_path) {
        const std::string path = member_path(point_path, "channels");
        const bool readable =
            findings_.sound(path) && findings_.sound(member_path(point_path, "service"));
        if (profile_ == nullptr || !readable) return;
        if (profile_->channels == 0) {
            if (!point.channels.empty()) {
                findings_.error(path, "profile " + panel_.profile +
                                          " has no channels to choose: its inputs are fixed");
            }
            return;
        }
        if (!point.service) {
            if (!point.channels.empty()) {
                findings_.error(member_path(point_path, "service"),
                                "is needed to know the phases of the channels");
            }
            return;
        }
        const std::size_t needed = phases_of(*point.service).size();
        if (point.channels.size() != needed) {
            findings_.error(path, "service " + std::string(name_of(*point.service)) + " needs " +
                                      std::to_string(needed) +
                                      (needed == 1 ? " channel" : " channels") + ", here are " +
                                      std::to_string(point.channels.size()));
        }
    }

    void check_reversed(const PointSettings& point, const std::string& point_path) {
        const std::string path = member_path(point_path, "reversed_channels");
        if (!findings_.sound(member_path(point_path, "channels"))) return;
        for (std::size_t i = 0; i < point.reversed_channels.size(); ++i) {
            const std::int64_t channel = point.reversed_channels[i];
            const auto begin = point.reversed_channels.begin();
            const auto here = begin + static_cast<std::ptrdiff_t>(i);
            if (std::ranges::find(point.channels, channel) == point.channels.end()) {
                findings_.error(item_path(path, i), std::to_string(channel) +
                                                        " is not among the channels of the point");
            } else if (std::find(begin, here, channel) != here) {
                findings_.error(item_path(path, i), std::to_string(channel) + " stands twice");
            }
        }
    }

    void check_transformers(const PointSettings& point, const std::string& path) {
        constexpr std::array<std::int64_t, 3> usual_secondaries_ma{80, 1'000, 5'000};
        const bool ratio_is_sound = findings_.sound(member_path(path, "ct_primary_a")) &&
                                    findings_.sound(member_path(path, "ct_secondary_ma"));
        if (!ratio_is_sound) return;
        if (point.ct_secondary_ma > point.ct_primary_a * 1'000) {
            findings_.error(member_path(path, "ct_secondary_ma"),
                            "a CT of " + ratio_text(point) + " would step the current up");
        } else if (std::ranges::find(usual_secondaries_ma, point.ct_secondary_ma) ==
                   usual_secondaries_ma.end()) {
            findings_.warning(member_path(path, "ct_secondary_ma"),
                              std::to_string(point.ct_secondary_ma) +
                                  " mA is unusual; look at the CT: 80, 1000 and 5000 are common");
        }
        if (point.breaker_a * point.ct_turns > point.ct_primary_a) {
            findings_.warning(
                member_path(path, "breaker_a"),
                "the breaker of " + std::to_string(point.breaker_a) +
                    " A lets more flow than the CT's " + ratio_text(point) +
                    (point.ct_turns > 1 ? " with " + std::to_string(point.ct_turns) + " turns"
                                        : "") +
                    " can measure");
        }
    }

    void check_multiplier(const PointSettings& point, const std::string& point_path) {
        const std::string path = member_path(point_path, "ct_primary_a");
        if (profile_ == nullptr) return;
        const Transformers transformers = transformers_of(point);
        if (profile_->side == RegisterSide::primary) {
            if (!(transformers == transformers_of(PointSettings{}))) {
                findings_.warning(path, "registers of profile " + panel_.profile +
                                            " are primary values: the transformers set here "
                                            "change nothing, they must be set in the meter");
            }
            return;
        }
        const Ratio multiplier = billing_multiplier(profile_->side, transformers);
        for (const RegisterFacts& facts : profile_->registers) {
            if (!facts.modulus || *facts.modulus % multiplier.denominator == 0) continue;
            findings_.error(path, "the multiplier " + std::to_string(multiplier.numerator) + "/" +
                                      std::to_string(multiplier.denominator) +
                                      " turns the rollover of register " +
                                      std::string(facts_of(facts.quantity).name) +
                                      " into no whole number; check the CT and PT ratios");
            return;
        }
    }

    void check_series(const PointSettings& point, const std::string& point_path) {
        const bool own = !point.series.empty();
        const std::string own_path = member_path(point_path, "series");
        if (own) {
            check_series_list(point.series, own_path, context_.settings.gateway.laboratory,
                              findings_);
        } else if (!findings_.sound(own_path) || !findings_.sound("recording.series")) {
            return;
        }
        const auto& codes = series_of(point, context_.settings);
        if (codes.empty()) {
            findings_.warning(own_path, "no series: nothing of this point will be recorded");
        }
        for (std::size_t i = 0; i < codes.size(); ++i) {
            const auto series = series_from_code(codes[i]);
            if (series)
                check_one_series(*series, codes[i], own ? item_path(own_path, i) : own_path);
        }
    }

    void check_one_series(const Series& series, const std::string& code, const std::string& path) {
        const std::chrono::milliseconds poll_period{panel_.poll_period_ms};
        if (series.source == BillingSource::gateway_difference && poll_period > series.length &&
            findings_.sound(member_path(path_, "poll_period_ms"))) {
            findings_.error(path, code + " needs a poll in each interval of " +
                                      seconds_text(series.length) + "; poll_period_ms is " +
                                      std::to_string(panel_.poll_period_ms));
        }
        if (profile_ == nullptr) return;
        if (series.source == BillingSource::panel_log) check_logged_series(series, code, path);
        const bool offered =
            std::ranges::find(profile_->registers, series.quantity, &RegisterFacts::quantity) !=
            profile_->registers.end();
        if (!offered) {
            findings_.error(path, code + ": profile " + panel_.profile + " has no register " +
                                      std::string(facts_of(series.quantity).name));
        }
    }

    /// How long the slots of its log are, the panel tells when it is read.
    void check_logged_series(const Series& series, const std::string& code,
                             const std::string& path) {
        const auto& logged = profile_->logged;
        if (std::ranges::find(logged, series.quantity) == logged.end()) {
            findings_.error(path, code + ": profile " + panel_.profile +
                                      " has no interval log with increments of " +
                                      std::string(facts_of(series.quantity).name));
        } else if (series.length % std::chrono::minutes{1} != std::chrono::seconds{0}) {
            findings_.error(path, code + ": a panel's own log has whole minutes");
        } else if (log_length_ && *log_length_ != series.length) {
            findings_.error(path, code +
                                      ": another series of this panel is billed from its log in "
                                      "intervals of " +
                                      seconds_text(*log_length_) + ", and a panel has one log");
        } else {
            log_length_ = series.length;
        }
    }

    const PanelSettings& panel_;
    const std::string& path_;
    const CheckContext& context_;
    Findings& findings_;
    const ProfileFacts* profile_;
    std::optional<std::chrono::seconds> log_length_;  ///< of the series that its log bills
    std::map<std::int64_t, Id> slots_;
    std::map<std::int64_t, Id> channels_;
};

}  // namespace

void check_panel(const PanelSettings& panel, const std::string& path, const CheckContext& context) {
    PanelCheck(panel, path, context).run();
}

void check_series_list(const std::vector<std::string>& codes, const std::string& path,
                       bool laboratory, Findings& findings) {
    for (std::size_t i = 0; i < codes.size(); ++i) {
        const auto series = series_from_code(codes[i]);
        if (!series) continue;
        const std::string item = item_path(path, i);
        const auto here = codes.begin() + static_cast<std::ptrdiff_t>(i);
        if (std::find(codes.begin(), here, codes[i]) != here) {
            findings.error(item, quoted(codes[i]) + " stands twice");
        }
        if (is_billing_length(series->length)) continue;
        if (!is_laboratory_length(series->length)) {
            findings.error(item, quoted(codes[i]) +
                                     " has no length for billing: 5, 10, 15, 20, 30 min, "
                                     "1, 2, 3, 4, 6, 8, 12 or 24 h");
        } else if (!laboratory) {
            findings.error(item, quoted(codes[i]) +
                                     " is only for a laboratory: set "
                                     "gateway.laboratory, or take 5 min or more");
        }
    }
}

const std::vector<std::string>& series_of(const PointSettings& point,
                                          const schema::Settings& settings) {
    return point.series.empty() ? settings.recording.series : point.series;
}

Transformers transformers_of(const PointSettings& point) {
    return {.ct_primary_ma = point.ct_primary_a * 1'000,
            .ct_secondary_ma = point.ct_secondary_ma,
            .turns = point.ct_turns,
            .pt_ratio = reduced({point.pt_ratio_thousandths, 1'000})};
}

}  // namespace metergate::config

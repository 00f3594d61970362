#include "tests/crash/crash_states.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace metergate::crash {
namespace {

using storage::Database;
using storage::SqliteStore;

constexpr std::size_t findings_max = 5;
constexpr std::uint64_t first_seed = 2;

std::optional<CrashState> asked_state() {
    const char* text = std::getenv("METERGATE_CRASH_STATE");
    if (text == nullptr) {
        return std::nullopt;
    }
    const std::string_view asked = text;
    const std::size_t colon = std::min(asked.find(':'), asked.size() - 1);
    CrashState state;
    std::from_chars(asked.data(), asked.data() + colon, state.boundary);
    std::from_chars(asked.data() + colon + 1, asked.data() + asked.size(), state.kind);
    return state;
}

FileMap files_of(const DiskImage& image, const CrashState& state) {
    switch (state.kind) {
        case 0:
            return image.everything();
        case 1:
            return image.only_synced();
        default:
            return image.torn(building::scrambled(state.boundary, state.kind));
    }
}

class Checker {
  public:
    Checker(const CrashRun& run, const CrashRules& rules)
        : run_(run), rules_(rules), options_(run.options) {
        options_.disk = disk_.as_disk();
    }

    /// What is wrong with the store that these files are, if anything.
    std::optional<std::string> check(const FileMap& files, std::size_t acknowledged) {
        disk_.start(files);
        if (rules_.files_rule) {
            if (auto broken = rules_.files_rule(disk_)) {
                return broken;
            }
            disk_.start(files);
        }
        const auto store = SqliteStore::open(store_path, run_.clock, options_);
        if (!store) {
            return "it cannot be opened: " + store.error().text;
        }
        const storage::OpenReport& report = (*store)->open_report();
        if (report.replaced) {
            return "it was replaced: " + report.reason;
        }
        if (report.created && (acknowledged > 0 || !rules_.may_be_made_anew)) {
            return "it was made anew";
        }
        return check_contents(**store, acknowledged);
    }

  private:
    std::optional<std::string> check_contents(SqliteStore& store, std::size_t acknowledged) {
        const Result<std::size_t> mark = mark_of_contents();
        if (!mark) {
            return mark.error().text;
        }
        // What was acknowledged, and perhaps what was under way.
        const std::size_t least = acknowledged == 0 ? 0 : acknowledged - 1;
        const std::size_t most = std::min(acknowledged, run_.marks.size() - 1);
        if (*mark != first_like(least) && *mark != first_like(most)) {
            return fmt::format("{} were acknowledged, it is as after {}", acknowledged, *mark + 1);
        }
        return check_next_commit(store, run_.marks[*mark]);
    }

    /// The first mark with the same rows: not all that is acknowledged changes them.
    [[nodiscard]] std::size_t first_like(std::size_t mark) const {
        const auto& marks = run_.marks;
        const auto first = std::ranges::find(marks, marks[mark].dump, &Mark::dump);
        return static_cast<std::size_t>(first - marks.begin());
    }

    /// Which mark the store's rows are those of. Opening has emptied the log, so that equal bytes
    /// of the store's file are equal rows, which are read once.
    Result<std::size_t> mark_of_contents() {
        const bool all_in_file = disk_.bytes_of("store-wal").empty();
        const std::size_t bytes = std::hash<std::string_view>{}(disk_.bytes_of(store_path));
        if (const auto known = known_.find(bytes); all_in_file && known != known_.end()) {
            return known->second;
        }
        const Result<std::string> found = dump();
        if (!found) {
            return found.error();
        }
        const auto mark = std::ranges::find(run_.marks, *found, &Mark::dump);
        if (mark == run_.marks.end()) {
            return Error{Fault::damaged, "it holds what it never held before:\n" + *found};
        }
        const auto index = first_like(static_cast<std::size_t>(mark - run_.marks.begin()));
        if (all_in_file) {
            known_.emplace(bytes, index);
        }
        return index;
    }

    Result<std::string> dump() {
        auto reader = Database::open(store_path, storage::Access::read_only, disk_.as_disk());
        if (!reader) {
            return reader.error().within("a reader cannot open it");
        }
        if (!dump_) {
            dump_.emplace(*reader);
        }
        return dump_->of(*reader);
    }

    static std::optional<std::string> check_next_commit(SqliteStore& store, const Mark& before) {
        const auto numbering = store.number({{{"east", {"east1"}}}, {Series{}}});
        if (!numbering) {
            return "it gives no numbers: " + numbering.error().text;
        }
        record::Commit next;
        next.batches.emplace_back();
        next.batches[0].panel = numbering->panels.at(0).number;
        next.batches[0].end = utc_from_s(noon_s);
        const auto done = store.commit(next);
        if (!done) {
            return "it takes no commit: " + done.error().text;
        }
        if (raw(*done) != raw(before.newest) + 1) {
            return fmt::format("the next batch got seq {} after {}", raw(*done),
                               raw(before.newest));
        }
        return std::nullopt;
    }

    const CrashRun& run_;
    const CrashRules& rules_;
    VirtualDisk disk_;
    SqliteStore::Options options_;
    std::optional<Dump> dump_;
    std::unordered_map<std::size_t, std::size_t> known_;  ///< bytes of the file -> mark
};

class Enumeration {
  public:
    Enumeration(const CrashRun& run, const CrashRules& rules)
        : run_(run), rules_(rules), checker_(run, rules), only_(asked_state()) {}

    CrashReport go() {
        DiskImage image(run_.base);
        const auto& steps = run_.disk.steps();
        for (std::size_t boundary = 0; boundary <= steps.size(); ++boundary) {
            if (boundary > 0) {
                image.apply(steps[boundary - 1]);
            }
            if (only_ && only_->boundary != boundary) {
                continue;
            }
            try_boundary(image, boundary);
        }
        return report_;
    }

  private:
    void try_boundary(const DiskImage& image, std::size_t boundary) {
        const auto acknowledged = static_cast<std::size_t>(std::ranges::count_if(
            run_.marks, [boundary](const Mark& mark) { return mark.steps <= boundary; }));
        for (std::uint64_t kind = 0; kind < first_seed + rules_.torn; ++kind) {
            if (!only_ || only_->kind == kind) {
                try_state(files_of(image, {boundary, kind}), {boundary, kind}, acknowledged);
            }
        }
    }

    void try_state(const FileMap& files, const CrashState& state, std::size_t acknowledged) {
        if (!seen_.insert(building::scrambled(hash_of(files), acknowledged)).second) {
            return;
        }
        ++report_.states;
        const auto wrong = checker_.check(files, acknowledged);
        if (!wrong) {
            return;
        }
        ++report_.bad;
        if (report_.findings.size() < findings_max) {
            report_.findings.push_back(
                fmt::format("METERGATE_CRASH_STATE={}:{} {}", state.boundary, state.kind, *wrong));
        }
    }

    const CrashRun& run_;
    const CrashRules& rules_;
    Checker checker_;
    std::optional<CrashState> only_;
    std::unordered_set<std::size_t> seen_;
    CrashReport report_;
};

}  // namespace

CrashReport try_crash_states(const CrashRun& run, const CrashRules& rules) {
    return Enumeration(run, rules).go();
}

}  // namespace metergate::crash

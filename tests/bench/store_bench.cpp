/// What one edge of 768 points costs the disk, in a store that has 120 days in it already.
///
///     store_bench FOLDER
///
/// Bytes are `write_bytes` of /proc/self/io: what this process handed to the block layer, the
/// file system's own journal not included. FOLDER must be on a real disk.

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "storage/store.hpp"

namespace {

using namespace metergate;

constexpr std::uint32_t panels = 32;
constexpr std::uint32_t points = 24;
constexpr std::int64_t length_s = 900;
constexpr std::int64_t edges_per_day = 96;
constexpr std::int64_t days_before = 120;
constexpr std::int64_t begin_s = 1'767'225'600;  // 2026-01-01

/// Bytes handed to the block layer so far.
std::int64_t written_bytes() {
    std::ifstream io("/proc/self/io");
    std::string key;
    std::int64_t value = 0;
    while (io >> key >> value) {
        if (key == "write_bytes:") {
            return value;
        }
    }
    return 0;
}

[[noreturn]] void give_up(const Error& error) {
    fmt::print(stderr, "store_bench: {}\n", error.text);
    std::exit(1);
}

class Site {
  public:
    explicit Site(const std::string& path) {
        auto opened = storage::SqliteStore::open(path, clock_, {});
        if (!opened) {
            give_up(opened.error());
        }
        store_ = std::move(*opened);
        record::NumberingRequest request;
        for (std::uint32_t panel = 1; panel <= panels; ++panel) {
            auto& entry = request.panels.emplace_back();
            entry.id = fmt::format("panel-{}", panel);
            for (std::uint32_t point = 1; point <= points; ++point) {
                entry.points.push_back(fmt::format("panel-{}-{}", panel, point));
            }
        }
        request.series = {Series{}};
        const auto numbering = store_->number(request);
        if (!numbering) {
            give_up(numbering.error());
        }
        numbering_ = *numbering;
    }

    /// One edge, as the recorder stores it, and the cursor that follows when it was delivered.
    void edge() {
        end_s_ += length_s;
        clock_.advance(std::chrono::seconds{length_s});
        record::Commit commit;
        for (const auto& panel : numbering_.panels) {
            commit.batches.push_back(batch_of(panel));
        }
        const auto stored = store_->commit(commit);
        if (!stored) {
            give_up(stored.error());
        }
        record::Commit moved;
        moved.cursors = {{"billing", *stored}};
        if (const auto done = store_->commit(moved); !done) {
            give_up(done.error());
        }
        keep_house();
    }

  private:
    Batch batch_of(const record::Numbering::PanelEntry& panel) {
        Batch batch;
        batch.panel = panel.number;
        batch.end = utc_from_s(end_s_);
        for (const auto& point : panel.points) {
            Record record;
            record.end = batch.end;
            record.start = batch.end - std::chrono::seconds{length_s};
            record.point = point.number;
            record.series = numbering_.series.front().second;
            record.value = 250 + static_cast<Milli>((raw(point.number) * 7 + end_s_ / 900) % 500);
            register_ += *record.value;
            record.reg = 10'000'000 + register_ / (panels * points);
            record.flags = Flag::interpolated;
            record.uncertainty = 1;
            batch.records.push_back(record);
        }
        return batch;
    }

    void keep_house() {
        for (bool more = true; more;) {
            const auto kept = store_->upkeep();
            if (!kept) {
                give_up(kept.error());
            }
            more = kept->more;
        }
    }

    VirtualClock clock_{utc_from_s(begin_s)};
    std::unique_ptr<storage::SqliteStore> store_;
    record::Numbering numbering_;
    std::int64_t end_s_ = begin_s;
    Milli register_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        fmt::print(stderr, "usage: store_bench FOLDER\n");
        return 2;
    }
    const std::filesystem::path folder = arguments[1];
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    Site site(folder / "store.sqlite");
    for (std::int64_t edge = 0; edge < days_before * edges_per_day; ++edge) {
        site.edge();
    }
    const std::int64_t before = written_bytes();
    for (std::int64_t edge = 0; edge < edges_per_day; ++edge) {
        site.edge();
    }
    const auto bytes = static_cast<double>(written_bytes() - before);
    fmt::print("{{\"disk_kib_per_edge_768\": {:.1f}, \"disk_mb_per_day_15min\": {:.1f}}}\n",
               bytes / 1024 / edges_per_day, bytes / 1e6);
    std::filesystem::remove_all(folder);
    return 0;
}

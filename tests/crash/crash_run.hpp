#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/model/clock.hpp"
#include "storage/store.hpp"
#include "tests/crash/rows.hpp"
#include "tests/crash/virtual_disk.hpp"

namespace metergate::crash {

inline constexpr const char* store_path = "store";
inline constexpr std::int64_t noon_s = 1'760'000'400;  ///< a quarter of an hour begins

/// What was acknowledged when.
struct Mark {
    std::size_t steps = 0;  ///< that the disk had done by then
    std::string dump;
    BatchSeq newest{};
};

/// A store at work on a virtual disk. Each call that the store acknowledged is marked with what the
/// store then held. Operations of a test call these; every call is one transaction.
class CrashRun {
  public:
    explicit CrashRun(storage::SqliteStore::Options asked = {});

    /// The present contents are the base of what follows: nothing of it was done just now.
    void begin_here();

    void open();
    void close() { store.reset(); }
    /// Looks numbers up, or gives them out, for panels of three points each.
    void number(const std::vector<Id>& panels);
    void commit(const record::Commit& what);
    void upkeep();
    /// One step of packing closed days.
    void pack_days();
    void change_out(std::uint32_t point, const std::string& serial);

    /// The i-th commit of a collection: batches of all panels, events, chains and a cursor move.
    [[nodiscard]] record::Commit collected(int i) const;
    [[nodiscard]] Batch batch(PanelNumber panel, int i) const;
    [[nodiscard]] std::string dump();

    VirtualDisk disk;
    VirtualClock clock{utc_from_s(noon_s)};
    storage::SqliteStore::Options options;
    std::unique_ptr<storage::SqliteStore> store;
    FileMap base;
    std::vector<Mark> marks;

  private:
    /// Throws what went wrong: a run without faults must succeed.
    void mark(const Result<void>& done);
    static void check_numbers(storage::Database& database);

    std::vector<PanelNumber> panels_;
    SeriesNumber kwh_{};
};

}  // namespace metergate::crash

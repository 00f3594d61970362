#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/model/ids.hpp"
#include "gateway/model/time.hpp"
#include "storage/schema.hpp"
#include "storage/sqlite.hpp"

namespace metergate::storage {

/// What opening found. `replaced` calls for an event and an alarm.
struct OpenReport {
    bool created = false;       ///< the store is new and empty
    bool replaced = false;      ///< because what was there could not be used
    std::string kept_aside_as;  ///< where that is now
    std::string reason;         ///< what was wrong with it
};

struct OpenRequest {
    std::string path;
    UtcTime now;                 ///< for names of files kept aside
    std::int64_t pages_max = 0;  ///< of 4096 bytes: the store never grows beyond
    std::optional<Epoch> epoch;  ///< for a new store; random if absent
    Disk disk;
    Schema schema;
};

struct OpenedStore {
    Database database;
    OpenReport report;
};

/// Opens the store for writing, creating it if there is none. A file that is damaged, empty or not
/// a store is kept aside and a new one begun. Before the first connection of the process. Errors:
/// refused (written by a newer program, weaker settings, access rights), disconnected, full.
[[nodiscard]] Result<OpenedStore> open_or_create(const OpenRequest& request);

/// Opens what must be a sound store. Errors as above, and damaged.
[[nodiscard]] Result<Database> open_existing(const OpenRequest& request);

}  // namespace metergate::storage

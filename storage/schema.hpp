#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/model/ids.hpp"
#include "storage/sqlite.hpp"

/// The tables of the store and the settings every connection must run with.
namespace metergate::storage {

/// "MGTR", in the header of the file: this is a Metergate store and nothing else.
inline constexpr std::int64_t application_id = 0x4D475452;

/// Step n leads from version n to n + 1; all of them make the version this program reads and
/// writes. Only ever appended to.
[[nodiscard]] std::span<const std::string_view> migrations();

/// The steps that a program knows, and the tables they make.
struct Schema {
    std::span<const std::string_view> steps;
    std::string tables;  ///< all definitions, as verify_tables compares them
};

/// Makes the tables once in memory. Error: a step is wrong.
[[nodiscard]] Result<Schema> schema_of(std::span<const std::string_view> steps);

/// Runs the steps from the file's version on, in one transaction. A file that is not new is first
/// copied to `<path>.before-<version>`.
[[nodiscard]] Result<void> migrate(Database& database, std::span<const std::string_view> steps);

/// Page size, application id and log of a file that has no tables yet.
[[nodiscard]] Result<void> prepare_new_file(Database& database);

/// Sets what every connection needs, then checks it with verify_settings.
[[nodiscard]] Result<void> configure_writer(Database& database, std::int64_t pages_max);
[[nodiscard]] Result<void> configure_reader(Database& database);

/// Asks SQLite what is really in force: WAL, synchronous FULL, page size, foreign keys, untrusted
/// schema, cell checks, recursive triggers, no checkpoints of its own. Error: refused, naming the
/// one that is weaker. A store is never written with less.
[[nodiscard]] Result<void> verify_settings(Database& database);

/// Errors: damaged, with the first thing found; disconnected if a page cannot be read.
[[nodiscard]] Result<void> quick_check(Database& database);

/// Whether tables, indexes and triggers are those of the schema. Error: damaged.
[[nodiscard]] Result<void> verify_tables(Database& database, const Schema& schema);

/// Values of the table `meta`.
[[nodiscard]] std::int64_t read_meta(Database& database, std::string_view key);
[[nodiscard]] Result<Epoch> read_epoch(Database& database);

}  // namespace metergate::storage

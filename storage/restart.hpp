#pragma once

#include "gateway/record/store.hpp"
#include "storage/sqlite.hpp"

namespace metergate::storage {

/// What the last run left behind, but for `new_store`. The baseline of a chain is the newer of its
/// row and of its newest record with a register. Found by going back through the batches, newest
/// first, until every chain has one; a row stops the search at its own edge. `closed_through` is
/// that of the row or of the newest record, with a register or without.
[[nodiscard]] Result<record::Restart> read_restart(Database& database);

}  // namespace metergate::storage

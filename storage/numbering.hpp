#pragma once

#include "gateway/record/store.hpp"
#include "storage/sqlite.hpp"

namespace metergate::storage {

/// Looks up or gives out permanent numbers, in one transaction. Error: invalid if a point id is
/// known under another panel or a panel has used all its point numbers; then no number is given
/// out.
[[nodiscard]] Result<record::Numbering> give_numbers(Database& database,
                                                     const record::NumberingRequest& request);

/// All numbers ever given out, those of the pseudo-panel `gateway` apart.
[[nodiscard]] Result<record::Numbering> read_numbers(Database& database);

}  // namespace metergate::storage

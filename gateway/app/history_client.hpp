#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/schema/json.hpp"
#include "gateway/control/client.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/model/result.hpp"
#include "gateway/model/time.hpp"

/// The asking side of the method `history`.
namespace metergate::app {

struct HistorySlot {
    UtcSeconds start;
    UtcSeconds end;
    std::optional<Milli> value;
    std::optional<Milli> reg;
    std::vector<std::string> flags;        ///< names
    std::optional<std::int64_t> revision;  ///< absent: there is no record of the slot
    std::string origin;
    std::optional<Milli> uncertainty;
};

/// What an answer says of all its slots.
struct HistoryHead {
    std::string point;
    std::string series;
    std::string unit;
    std::string zone;
    UtcSeconds from;
    UtcSeconds to;
};

/// Page after page; `params` are those of the method, `page` is called for each and ends the
/// reading with an error. What is wrong with the history itself is put into `problems`, each once.
/// Errors: those of the call, and damaged.
[[nodiscard]] Result<void> read_history(
    control::Client& client, schema::Json params,
    const std::function<Result<void>(const HistoryHead&, const std::vector<HistorySlot>&)>& page,
    std::set<std::string>& problems);

}  // namespace metergate::app

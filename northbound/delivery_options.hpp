#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/schema/settings.hpp"
#include "gateway/model/result.hpp"
#include "gateway/model/time.hpp"
#include "gateway/record/directory.hpp"
#include "northbound/filter.hpp"

namespace metergate::northbound {

/// Where a destination starts that has no cursor yet.
struct StartAt {
    enum class Kind : std::uint8_t { now, oldest, time };
    Kind kind = Kind::now;
    UtcSeconds time;  ///< the first batch is the oldest kept one whose interval ends after it

    bool operator==(const StartAt&) const = default;
};

/// Reads `now`, `oldest` or a UTC time like 2026-01-31T00:00:00Z. Error: invalid.
[[nodiscard]] Result<StartAt> start_at_from(std::string_view text);

/// How batches are written.
enum class BatchFormat : std::uint8_t { native, influx };

struct DeliveryOptions {
    Id destination;
    std::string name;  ///< as people call it, for the texts of events; may be empty
    std::string program_version;
    StartAt start;
    Filter filter;
    BatchFormat format = BatchFormat::native;
    std::size_t window = 50;  ///< batches in flight at once, >= 1
    Duration ack_timeout = std::chrono::seconds{30};
    std::uint32_t batches_per_s_max = 200;
    bool meta = true;      ///< whether names, series and wiring are sent
    bool status = true;    ///< whether the gateway says that it is there
    bool events = true;    ///< whether events are sent at once, besides those in batches
    bool requests = true;  ///< whether receivers are heard: their requests and receipts
    std::size_t requests_per_min_max = 30;
    std::size_t request_batches_max = 10'000;  ///< of one request
    bool live_values = true;
    Duration live_heartbeat = std::chrono::seconds{60};
    Duration live_stale_after = std::chrono::seconds{120};  ///< without a new reading
    std::uint64_t seed = 1;  ///< of the jitter; another one for each gateway and destination
};

/// What the settings of one destination mean. `directory` resolves the filters. Errors: invalid,
/// naming the panel, series or time that is not understood.
[[nodiscard]] Result<DeliveryOptions> delivery_options_from(
    const schema::DestinationSettings& settings, const record::Directory& directory);

}  // namespace metergate::northbound

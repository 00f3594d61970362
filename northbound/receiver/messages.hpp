#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/ids.hpp"
#include "gateway/model/result.hpp"
#include "gateway/record/received.hpp"

/// Readers of what a gateway publishes (northbound/payload.md). Pure; whatever bytes they are
/// given, they answer with a value.
namespace metergate::northbound::receiver {

/// The payload of a batch. Error: damaged, naming the member.
[[nodiscard]] Result<record::ReceivedBatch> parse_batch(std::string_view payload,
                                                        const Id& gateway);

/// How far a panel's numbers reach, as the status says.
struct PanelReach {
    std::string panel;
    Epoch epoch{};
    std::uint64_t oldest = 0;  ///< newest + 1 if all are purged
    std::uint64_t newest = 0;
};
struct GatewayStatus {
    bool online = false;
    std::vector<PanelReach> panels;
};
[[nodiscard]] Result<GatewayStatus> parse_status(std::string_view payload);

}  // namespace metergate::northbound::receiver

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "northbound/transfer/http_client.hpp"

namespace metergate::northbound::webhook {

/// What a receiver's answer means for what was sent.
struct Answer {
    enum class Meaning : std::uint8_t {
        taken,    ///< it has it
        refused,  ///< it will not have this message; others perhaps
        later,    ///< it asks for patience: the same again after `wait`
        broken,   ///< it takes nothing like this: wrong place, rights, or something in between
    };
    Meaning meaning = Meaning::broken;
    std::chrono::seconds wait{};  ///< of `later`
    std::string text;             ///< one sentence, unless taken
};

/// `expected`: text that the body must have in it; empty = any body that is no web page, for what
/// answers with one is a portal, not a receiver. Waits are between 1 s and `wait_max`. Pure; any
/// thread.
[[nodiscard]] Answer answer_in(const transfer::HttpReply& reply, const std::string& expected,
                               std::chrono::seconds wait_max);

}  // namespace metergate::northbound::webhook

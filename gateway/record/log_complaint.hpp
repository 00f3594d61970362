#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/model/event.hpp"
#include "gateway/model/result.hpp"
#include "gateway/record/panel_recorder.hpp"

namespace metergate::record {

/// Tells once why a panel's log cannot be used. One thread: the recorder's.
class LogComplaint {
  public:
    /// Whether asking again soon may help: such an error is not told.
    [[nodiscard]] static bool may_pass(const Error& error);
    /// The event for it; nothing if it may pass, or was the last that was told. `effect`: what it
    /// costs.
    [[nodiscard]] std::optional<Event> event_for(const Error& error, UtcTime at,
                                                 const PanelRecorder& recorder,
                                                 std::string_view effect);
    /// The log can be used again.
    void forget() { told_.clear(); }

  private:
    std::string told_;
};

}  // namespace metergate::record

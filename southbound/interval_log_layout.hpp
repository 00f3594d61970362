#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/model/panel_log.hpp"
#include "southbound/panel_driver.hpp"
#include "southbound/profile.hpp"
#include "southbound/read_plan.hpp"
#include "southbound/register_book.hpp"
#include "southbound/request.hpp"

namespace metergate::southbound {

/// Where a panel's interval log has what: from numbers of slots to requests, and from registers to
/// slots. Pure; any thread.
class IntervalLogLayout {
  public:
    /// Of a profile without an interval log nothing below may be asked.
    IntervalLogLayout(PanelSetup setup, Profile profile);

    [[nodiscard]] const ProfileIntervalLog& log() const { return *profile_.interval_log; }

    /// Capacity, length, oldest, newest, and the panel's clock if it has one.
    [[nodiscard]] std::vector<RegisterSpan> extent_spans() const;
    /// The registers that tell its end, and whether it is shown.
    [[nodiscard]] std::vector<RegisterSpan> stamp_spans(std::uint32_t number) const;
    /// All of a slot, in the order to read it: the number shown comes last, so that it speaks for
    /// what was read before.
    [[nodiscard]] std::vector<RegisterSpan> slot_spans(std::uint32_t number) const;
    [[nodiscard]] RegisterRequest read_request(const RegisterSpan& span) const;
    /// Functions 6 and 16 (MODBUS Application Protocol V1.1b3, 6.6 and 6.12). Nothing: a slot of a
    /// ring needs no window.
    [[nodiscard]] std::optional<Request> window_request(std::uint32_t number) const;

    /// The number that the window shows, 0 = none; of a ring always `number`.
    [[nodiscard]] std::uint32_t shown(std::uint32_t number, const RegisterBook& book) const;
    [[nodiscard]] UtcSeconds end_of(std::uint32_t number, const RegisterBook& book) const;
    [[nodiscard]] LoggedSlot slot_of(std::uint32_t number, const RegisterBook& book) const;

  private:
    [[nodiscard]] std::vector<RegisterSpan> planned(const std::vector<RegisterField>& fields) const;
    [[nodiscard]] std::vector<RegisterField> stamp_fields() const;
    [[nodiscard]] std::uint16_t offset_of(std::uint32_t number) const;
    [[nodiscard]] RegisterField placed(RegisterField field, std::uint32_t number) const;
    [[nodiscard]] std::optional<Milli> value_of(const LogValue& logged, const PanelPoint& point,
                                                std::uint32_t number,
                                                const RegisterBook& book) const;

    PanelSetup setup_;
    Profile profile_;
    std::vector<RegisterSpan> stamp_spans_;  ///< of the first place
    std::vector<RegisterSpan> slot_spans_;
};

}  // namespace metergate::southbound

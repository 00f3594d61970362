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

    /// Capacity, length, oldest, newest, what the log must be set to hold, and the panel's clock if
    /// it has one.
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
    /// By the panel's clock, in its zone. Nothing: what stands there is no time.
    [[nodiscard]] std::optional<UtcSeconds> end_of(std::uint32_t number,
                                                   const RegisterBook& book) const;
    /// All but its end.
    [[nodiscard]] LoggedSlot slot_of(std::uint32_t number, const RegisterBook& book) const;
    /// The first register that says that the log holds something else than the profile reads; the
    /// extent must have been read.
    [[nodiscard]] std::optional<Error> fault_of_setting(const RegisterBook& book) const;

  private:
    [[nodiscard]] std::vector<RegisterSpan> planned(const std::vector<RegisterSpan>& wanted) const;
    [[nodiscard]] std::vector<RegisterSpan> stamp_fields() const;
    [[nodiscard]] std::uint16_t offset_of(std::uint32_t number) const;
    template <class Field>
    [[nodiscard]] Field placed(Field field, std::uint32_t number) const;
    [[nodiscard]] std::optional<Milli> value_of(const LogValue& logged, const PanelPoint& point,
                                                std::uint32_t number,
                                                const RegisterBook& book) const;

    PanelSetup setup_;
    Profile profile_;
    std::vector<RegisterSpan> stamp_spans_;  ///< of the first place
    std::vector<RegisterSpan> slot_spans_;
};

}  // namespace metergate::southbound

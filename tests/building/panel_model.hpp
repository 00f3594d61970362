#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/model/ids.hpp"
#include "gateway/model/time.hpp"
#include "tests/building/fault.hpp"
#include "tests/building/frame.hpp"
#include "tests/building/ledger.hpp"
#include "tests/building/panel_log.hpp"
#include "tests/building/tenant.hpp"

namespace metergate::building {

struct PointPlan {
    Id id;
    TenantPlan tenant;
    std::int64_t gain_ppm = 0;     ///< how much too much the meter counts
    std::int64_t register_wh = 0;  ///< what it shows at the start
};

/// `metergate-panel-24`, `metergate-panel-12`, `eastron-sdm630`, `eastron-sdm120`, `sunspec-meter`,
/// `accuenergy-acuvim-ii`.
enum class PanelKind : std::uint8_t { metergate_24, metergate_12, sdm630, sdm120, sunspec, acuvim };
[[nodiscard]] std::string_view name_of(PanelKind kind);
[[nodiscard]] std::optional<PanelKind> panel_kind_named(std::string_view name);
[[nodiscard]] std::size_t points_of(PanelKind kind);
/// Where its register begins again at 0, if the scenario does not say.
[[nodiscard]] std::int64_t usual_modulus_wh(PanelKind kind);

struct PanelPlan {
    Id id;
    Id line;
    PanelKind kind = PanelKind::metergate_24;
    std::uint8_t unit = 1;
    std::uint32_t serial = 1;
    Duration turnaround{5000};  ///< from the end of a request to the start of the reply
    std::int64_t nominal_mv = 120'000;
    std::int64_t modulus_wh = 100'000'000'000;
    std::int64_t resolution_wh = 2;
    std::int64_t clock_offset_s = 0;  ///< how far its own clock is ahead
    std::int64_t clock_zone_min = 0;  ///< of a clock with civil time: so far ahead of UTC
    std::string clock = "watch";      ///< what the gateway's settings say to do about it
    bool seal_open = false;           ///< so that its parameters can be set
    std::int64_t log_sector = 1;      ///< slots an Acuvim meter gives up at once
    std::int64_t log_minutes = 15;    ///< length of the slots it remembers, if it does at all
    std::int64_t log_slots = 2304;    ///< how many; 0 = none
    std::vector<std::string> series;  ///< of its points, as the gateway is set up; empty = as all
    std::vector<PointPlan> points;
    std::vector<PlannedFault> faults;  ///< of this panel and its points, in order of `from`
};

struct Answer {
    Bytes pdu;                       ///< empty = silence
    std::optional<std::size_t> row;  ///< the ledger's row, if energy registers were served
};

/// One panel or meter on a wire: tenants behind it, registers in front. Everything it serves goes
/// into the ledger. Times are building time and must not go back. One thread.
class PanelModel {
  public:
    PanelModel(PanelPlan plan, UtcTime start, std::chrono::seconds utc_offset, Ledger& ledger);
    virtual ~PanelModel() = default;
    PanelModel(const PanelModel&) = delete;
    PanelModel& operator=(const PanelModel&) = delete;

    /// Answers a request PDU (function code first), taking all values at `at`.
    [[nodiscard]] Answer answer(std::span<const std::uint8_t> pdu, UtcTime at);

    [[nodiscard]] const PanelPlan& plan() const { return plan_; }
    [[nodiscard]] const PlannedFault* active_fault(FaultKind kind, UtcTime at) const {
        return faults_.active(kind, at);
    }
    [[nodiscard]] std::size_t ledger_panel() const { return ledger_panel_; }
    /// Writes the true energies of this moment into the ledger.
    void note_truth(UtcTime at);
    [[nodiscard]] std::int64_t power_mw(std::size_t point, UtcTime at);
    /// What the register shows, in Wh; -1 while it is not available.
    [[nodiscard]] std::int64_t register_wh(std::size_t point, UtcTime at);

  protected:
    /// A run of registers being answered; what lies outside of it is left out.
    class Window {
      public:
        Window(std::uint16_t address, std::uint16_t count) : address_(address), count_(count) {}

        [[nodiscard]] unsigned address() const { return address_; }
        [[nodiscard]] unsigned end() const { return address_ + 0U + count_; }
        [[nodiscard]] bool overlaps(unsigned block, unsigned length) const {
            return block < end() && block + length > address_;
        }
        void put_u16(unsigned address, std::uint64_t value) {
            if (address >= address_ && address < end()) {
                registers_[address - address_] = static_cast<std::uint16_t>(value & 0xFFFFU);
            }
        }
        void put_u32(unsigned address, std::uint64_t value) {
            put_u16(address, value >> 16U);
            put_u16(address + 1, value);
        }
        void put_u64(unsigned address, std::uint64_t value) {
            put_u32(address, value >> 32U);
            put_u32(address + 2, value);
        }
        [[nodiscard]] std::span<const std::uint16_t> registers() const {
            return {registers_.data(), count_};
        }

      private:
        std::uint16_t address_;
        std::uint16_t count_;
        std::array<std::uint16_t, 125> registers_{};
    };

    /// The first and the number of the points whose registers touch the window.
    struct PointSpan {
        unsigned first = 0;
        unsigned count = 0;
    };
    [[nodiscard]] static PointSpan touched(const Window& window, unsigned base, unsigned width,
                                           std::size_t points);

    [[nodiscard]] virtual std::optional<ModbusException> read(std::uint8_t function, Window& window,
                                                              UtcTime at) = 0;
    [[nodiscard]] virtual std::optional<ModbusException> write(
        unsigned address, std::span<const std::uint16_t> values, UtcTime at) = 0;

    /// Called before anything is asked of a moment: what the panel does by itself up to then. It
    /// counts and remembers whether anybody asks or not.
    virtual void run_until(UtcTime at);
    /// Changes that are planned up to a moment happen. Times must not go back.
    void apply_changes(UtcTime at);
    /// What the meter has counted: the register without what only its display gets wrong.
    [[nodiscard]] std::int64_t counted_wh(std::size_t point, UtcTime at);
    /// How often a point's register was set to another value.
    [[nodiscard]] std::uint32_t restarts(std::size_t point) const {
        return points_[point].restarts;
    }
    /// Whether it is without power, or not there at all.
    [[nodiscard]] bool is_off(UtcTime at) const;
    [[nodiscard]] UtcTime started() const { return start_; }
    [[nodiscard]] Ledger& ledger() { return ledger_; }
    /// Notes energy registers that are being served.
    void note_served(UtcTime at, std::size_t first_point, std::span<const std::int64_t> registers);
    /// `at`, or the moment at which the panel froze.
    [[nodiscard]] UtcTime shown_time(UtcTime at) const;
    [[nodiscard]] std::uint32_t serial() const { return serial_; }
    [[nodiscard]] std::int64_t voltage_mv(unsigned phase, UtcTime at) const;
    [[nodiscard]] std::uint32_t power_failures(UtcTime at) const;
    /// Since the electronics last got power.
    [[nodiscard]] std::chrono::seconds uptime(UtcTime at) const;

  private:
    /// One tenant and the counter of the meter in front of it.
    struct MeteredPoint {
        Tenant tenant;
        std::int64_t gain_ppm = 0;
        std::int64_t base_uj = 0;  ///< metered energy at which the register shows base_wh
        std::int64_t base_wh = 0;
        std::uint32_t restarts = 0;

        [[nodiscard]] std::int64_t metered_uj(UtcTime at);
    };

    void arrange_rollovers();
    void write_truth(UtcTime at);
    void restart_register(std::size_t point, const PlannedFault& fault);
    [[nodiscard]] std::optional<ModbusException> dispatch(std::span<const std::uint8_t> pdu,
                                                          UtcTime at, Bytes& reply);

    PanelPlan plan_;
    FaultWatch faults_;
    UtcTime start_;
    Ledger& ledger_;
    std::size_t ledger_panel_;
    std::vector<MeteredPoint> points_;
    std::vector<std::int64_t> truth_scratch_;
    std::uint32_t serial_;
    std::size_t faults_applied_ = 0;
    std::optional<std::size_t> served_row_;
};

/// A panel that remembers: slots of an interval log, closed by its own clock.
class RememberingPanel : public PanelModel {
  protected:
    RememberingPanel(PanelPlan plan, UtcTime start, std::chrono::seconds utc_offset,
                     Ledger& ledger);

    void run_until(UtcTime at) override;
    /// What happened since the last look, up to a moment.
    virtual void note_events(UtcTime /*until*/) {}
    [[nodiscard]] UtcTime ran_until() const { return ran_until_; }
    [[nodiscard]] const IntervalLog& log() const { return log_; }
    /// What its clock shows, less its zone.
    [[nodiscard]] UtcTime clock(UtcTime at) const {
        return at + std::chrono::seconds{clock_offset_s_};
    }
    void set_clock(std::int64_t told_s, UtcTime at);

  private:
    [[nodiscard]] IntervalLog::Registers registers(UtcTime at);
    void begin_log(UtcTime at);
    void close_slots(UtcTime until);
    [[nodiscard]] bool was_cut(UtcTime after, UtcTime until) const;

    std::int64_t clock_offset_s_ = 0;
    IntervalLog log_;
    UtcTime slot_since_;
    UtcTime ran_until_;
};

/// The open Metergate panel map, version 1.
class MetergatePanel final : public RememberingPanel {
  public:
    MetergatePanel(PanelPlan plan, UtcTime start, std::chrono::seconds utc_offset, Ledger& ledger);

  private:
    [[nodiscard]] std::optional<ModbusException> read(std::uint8_t function, Window& window,
                                                      UtcTime at) override;
    [[nodiscard]] std::optional<ModbusException> write(unsigned address,
                                                       std::span<const std::uint16_t> values,
                                                       UtcTime at) override;
    [[nodiscard]] bool is_listed(unsigned address) const;
    [[nodiscard]] bool all_listed(const Window& window) const;
    void put_identity(Window& window, UtcTime at);
    void put_settings(Window& window) const;
    [[nodiscard]] bool set_parameter(unsigned address, std::uint16_t value);
    void put_live(Window& window, UtcTime at);
    void put_energy(Window& window, UtcTime at);
    void put_interval_log(Window& window) const;
    void put_slot(Window& window) const;
    void put_event_log(Window& window) const;

    void note_events(UtcTime until) override;

    std::uint16_t ct_secondary_ma_ = 80;
    std::vector<std::uint16_t> ct_primary_a_;
    std::vector<LoggedEvent> events_;
    std::uint32_t log_window_ = 0;
    std::uint32_t event_window_ = 0;
};

/// A meter of the Accuenergy Acuvim II series: energies in tenths of a kWh, data log 1 with the
/// imported energy, shown one record at a time some moments after it was asked for; its clock shows
/// civil time.
class AcuvimMeter final : public RememberingPanel {
  public:
    AcuvimMeter(PanelPlan plan, UtcTime start, std::chrono::seconds utc_offset, Ledger& ledger);

  private:
    [[nodiscard]] std::optional<ModbusException> read(std::uint8_t function, Window& window,
                                                      UtcTime at) override;
    [[nodiscard]] std::optional<ModbusException> write(unsigned address,
                                                       std::span<const std::uint16_t> values,
                                                       UtcTime at) override;
    void put_live(Window& window, UtcTime at);
    void put_energy(Window& window, UtcTime at);
    void put_clock(Window& window, UtcTime at) const;
    void put_log(Window& window, UtcTime at) const;
    void put_record(Window& window) const;

    std::array<std::uint16_t, 4> asked_{};  ///< log, records and status, offset
    UtcTime ready_at_;
};

/// A single meter of the Eastron SDM family: 32-bit floats in input registers, most significant
/// register first, kWh with two decimals; serial number in holding registers.
class EastronMeter final : public PanelModel {
  public:
    using PanelModel::PanelModel;

  private:
    [[nodiscard]] std::optional<ModbusException> read(std::uint8_t function, Window& window,
                                                      UtcTime at) override;
    [[nodiscard]] std::optional<ModbusException> write(unsigned address,
                                                       std::span<const std::uint16_t> values,
                                                       UtcTime at) override;
    void put_live(Window& window, UtcTime at);
    void put_energy(Window& window, UtcTime at);
};

/// A SunSpec wye meter, model 203 at 40000: integers with scale factors, a 32-bit accumulator of
/// import in steps of 10 Wh.
class SunspecMeter final : public PanelModel {
  public:
    using PanelModel::PanelModel;

  private:
    [[nodiscard]] std::optional<ModbusException> read(std::uint8_t function, Window& window,
                                                      UtcTime at) override;
    [[nodiscard]] std::optional<ModbusException> write(unsigned address,
                                                       std::span<const std::uint16_t> values,
                                                       UtcTime at) override;
    static void put_text(Window& window, unsigned address, std::string_view text);
    void put_live(Window& window, UtcTime at);
    void put_energy(Window& window, UtcTime at);
};

[[nodiscard]] std::unique_ptr<PanelModel> make_panel(PanelPlan plan, UtcTime start,
                                                     std::chrono::seconds utc_offset,
                                                     Ledger& ledger);

}  // namespace metergate::building

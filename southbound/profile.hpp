#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema/field.hpp"
#include "gateway/model/event.hpp"
#include "gateway/model/flags.hpp"
#include "gateway/model/multiplier.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/model/result.hpp"
#include "southbound/line.hpp"
#include "southbound/read_plan.hpp"

/// A panel model as data, schema 1; southbound/profiles/README.md explains every key. Plain values:
/// any thread.
namespace metergate::southbound {

enum class RegisterType : std::uint8_t { u16, i16, u32, i32, u64, f32 };

/// 16-bit registers one value takes.
[[nodiscard]] constexpr std::uint16_t width_of(RegisterType type) {
    switch (type) {
        case RegisterType::u16:
        case RegisterType::i16:
            return 1;
        case RegisterType::u32:
        case RegisterType::i32:
        case RegisterType::f32:
            return 2;
        case RegisterType::u64:
            break;
    }
    return 4;
}

/// Which of a value's registers comes first.
enum class WordOrder : std::uint8_t { big, little };

/// One value in the panel's tables.
struct RegisterField {
    Table table = Table::holding;
    std::uint16_t address = 0;
    RegisterType type = RegisterType::u16;
    WordOrder order = WordOrder::big;

    bool operator==(const RegisterField&) const = default;
};

[[nodiscard]] constexpr RegisterSpan span_of(const RegisterField& field) {
    return {field.table, field.address, width_of(field.type)};
}

/// How a moment stands in registers.
enum class TimeForm : std::uint8_t {
    seconds,      ///< since 1970 UTC, 32 bits
    civil_bytes,  ///< year since 2000, month, day, hour, minute, second by the panel's clock, a
                  ///< byte each: 3 registers
    civil_words,  ///< the same, a register each; the year may have four digits
};

struct TimeField {
    Table table = Table::holding;
    std::uint16_t address = 0;
    TimeForm form = TimeForm::seconds;
    WordOrder order = WordOrder::big;  ///< of seconds
};

/// 16-bit registers it takes.
[[nodiscard]] constexpr std::uint16_t width_of(TimeForm form) {
    switch (form) {
        case TimeForm::seconds:
            return 2;
        case TimeForm::civil_bytes:
            return 3;
        case TimeForm::civil_words:
            break;
    }
    return 6;
}
[[nodiscard]] constexpr RegisterSpan span_of(const TimeField& field) {
    return {field.table, field.address, width_of(field.form)};
}

/// What a register must hold, or it is another device than the profile describes.
struct ExpectedRegister {
    std::uint16_t address = 0;
    std::uint16_t value = 0;
};

/// The registers that tell which meter answers.
struct ProfileIdentity {
    using Expected = ExpectedRegister;

    Table table = Table::holding;
    std::uint16_t address = 0;
    std::uint16_t count = 1;
    std::vector<Expected> expected;  ///< inside the block
    RegisterField serial;            ///< inside the block; an integer type
    /// True: some firmware does not have these registers and refuses; the meter is then read all
    /// the same, but a change of meter is not noticed by its serial number.
    bool optional = false;
};

/// Registers in front of a SunSpec model's content: its id and its length.
inline constexpr std::uint16_t sunspec_header = 2;

/// A SunSpec device: its registers lie in models, one behind the other, and where a model begins is
/// found at run time.
struct ProfileSunspec {
    struct Model {
        std::uint16_t id = 0;
        std::uint16_t length = 0;  ///< registers behind the model's id and length
    };

    std::vector<std::uint16_t> bases;  ///< where the chain may begin, in the order to try them
    std::vector<Model> models;         ///< the first of these in the chain is read

    /// Null if it is not one of `models`.
    [[nodiscard]] const Model* find(std::uint16_t id) const;
};

struct ProfileLimits {
    std::uint16_t registers_max = 125;     ///< a request, 1..125
    std::uint16_t hole_registers_max = 0;  ///< unlisted registers that may be read across
    std::int64_t min_gap_ms = 0;           ///< silence before a request, beyond 3.5 characters
    std::int64_t gap_max_ms = 200;         ///< longest pause that is learned of it; 0 = none
    std::int64_t turnaround_ms = 20;       ///< usual time to the first byte of a reply
    std::int64_t timeout_ms = 500;         ///< of a panel that is not known yet, or was silent
    std::int64_t timeout_min_ms = 300;     ///< however quick it is
    std::int64_t late_limit_ms = 3500;
};

struct ProfileQuantity {
    Quantity quantity{};
    std::vector<std::uint16_t> models;  ///< SunSpec models that have it; addresses count from there
    Table table = Table::holding;
    std::uint16_t address = 0;  ///< of the first point
    std::uint16_t stride = 0;   ///< registers from point to point; 0 = all points share the value
    std::vector<std::uint16_t> addresses;  ///< one per point, instead of address and stride
    RegisterType type = RegisterType::u16;
    WordOrder order = WordOrder::big;
    Ratio scale;  ///< thousandths of the quantity's unit per count
    /// Holds a power of ten that the scale is multiplied by, -10..10; what else it holds makes the
    /// value not available. Read in one request with the value.
    std::optional<std::uint16_t> scale_register;
    std::optional<std::int64_t> modulus;  ///< counts at which a register begins again at 0
    RegisterSide side = RegisterSide::primary;
    std::vector<std::uint64_t> not_available;  ///< bit patterns; NaN needs none

    /// Address of the value of `slot` (from 1).
    [[nodiscard]] std::uint16_t address_of(std::uint32_t slot) const {
        return addresses.empty() ? static_cast<std::uint16_t>(address + stride * (slot - 1))
                                 : addresses.at(slot - 1);
    }
    /// The registers that the value of `slot` needs in one reply: its own to its scale register.
    [[nodiscard]] RegisterSpan span_of(std::uint32_t slot) const;
    /// The same with all addresses that much higher.
    [[nodiscard]] ProfileQuantity moved_by(std::uint16_t registers) const;
    /// Whether the SunSpec model `id` has it.
    [[nodiscard]] bool is_in_model(std::uint16_t id) const {
        return std::find(models.begin(), models.end(), id) != models.end();
    }
};

/// A clock with civil time may be of any zone: what it is ahead of UTC in quarters of an hour is
/// taken for its zone, the rest for its error.
struct ProfileClock {
    TimeField time;
    bool writable = false;
    std::optional<RegisterField> state;
    std::uint16_t valid_mask = 1;  ///< of the state register
};

struct ProfileParameter {
    std::string name;
    std::string unit;
    Table table = Table::holding;
    std::uint16_t address = 0;  ///< of the first point
    std::uint16_t stride = 0;   ///< 0 = one for the whole panel
    RegisterType type = RegisterType::u16;
    WordOrder order = WordOrder::big;
    bool writable = false;
    schema::Seal seal = schema::Seal::free;
    std::int64_t minimum = 0;
    std::int64_t maximum = 0;
};

enum class LogKind : std::uint8_t {
    windowed,  ///< a number is written, the slot or events appear in fixed registers
    ring,  ///< every place has registers of its own: number n stands at place (n - 1) mod places
};

/// One value per point in a slot of the interval log.
struct LogValue {
    Quantity quantity{};
    bool is_register = false;  ///< the register at the slot's end; else the increment in it
    Table table = Table::holding;
    std::uint16_t address = 0;  ///< of the first point
    std::uint16_t stride = 0;
    RegisterType type = RegisterType::u32;
    WordOrder order = WordOrder::big;
    Ratio scale;
    std::optional<std::uint64_t> not_available;
};

struct LogFlag {
    std::uint16_t mask = 0;
    Flag flag{};
};

struct ProfileIntervalLog {
    LogKind kind = LogKind::windowed;
    RegisterField capacity;        ///< slots
    RegisterField length_minutes;  ///< of a slot
    /// Number of the oldest slot kept. Without one slots are counted from the oldest kept, which is
    /// 1: a number then is another slot's as soon as old ones are given up.
    std::optional<RegisterField> oldest;
    RegisterField newest;                 ///< number of the newest slot closed; 0 = none
    std::optional<RegisterField> window;  ///< windowed: write here which slot to show
    std::uint64_t window_first = 1;       ///< to be written for slot 1; one more for each next one
    std::optional<RegisterField> shown;   ///< windowed: which slot is shown
    std::uint64_t shown_first = 1;        ///< stands there for slot 1; less than that: none
    /// So long it may take until the slot is shown. Until then nothing in the window is valid, so
    /// that all of a slot, `shown` among it, is read in one request.
    std::int64_t ready_ms = 0;
    std::uint16_t ring_slots = 0;   ///< ring: places
    std::uint16_t ring_stride = 0;  ///< ring: registers from place to place
    TimeField end;                  ///< ring: of the first place, like all below
    std::optional<RegisterField> flags;
    std::vector<LogFlag> flag_masks;
    std::vector<LogValue> values;
    /// Holding registers that say what the log holds, where that can be set; else its values would
    /// be taken for something else.
    std::vector<ExpectedRegister> expected;
};

struct LogEventKind {
    std::uint16_t number = 0;
    EventKind kind{};
};

struct ProfileEventLog {
    LogKind kind = LogKind::windowed;
    RegisterField oldest;  ///< number of the oldest event kept
    RegisterField newest;  ///< number of the newest event; 0 = none
    std::optional<RegisterField>
        window;                ///< windowed: write the number of the first event shown here
    std::uint16_t count = 1;   ///< events shown at once, or places of the ring
    std::uint16_t stride = 0;  ///< registers from event to event; fields below: of the first
    RegisterField number;
    RegisterField event_kind;
    std::optional<RegisterField> phase;  ///< 0 none, 1 A, 2 B, 3 C
    RegisterField start;                 ///< seconds since 1970 UTC
    std::optional<RegisterField> end;    ///< 0 = not ended
    std::vector<LogEventKind> kinds;
};

struct Profile {
    std::int64_t schema = 1;
    std::string name;    ///< as settings name it
    std::string title;   ///< for people
    std::string source;  ///< the public document the map comes from
    std::uint16_t points = 1;
    std::uint16_t channels = 1;
    std::optional<ProfileIdentity> identity;
    std::optional<ProfileSunspec> sunspec;  ///< instead of identity
    ProfileLimits limits;
    std::vector<ProfileQuantity> quantities;
    std::optional<ProfileClock> clock;
    std::vector<ProfileParameter> parameters;
    std::optional<ProfileIntervalLog> interval_log;
    std::optional<ProfileEventLog> event_log;

    /// All registers of a point's slot in the interval log, in one run; there must be one.
    [[nodiscard]] RegisterSpan slot_span() const;
    /// The first entry of that name; of a SunSpec profile there may be one for other models too.
    [[nodiscard]] const ProfileQuantity* find(Quantity quantity) const;
    /// At which value, in thousandths of the unit and before any multiplier, the quantity's
    /// register begins again at 0; nothing if the map does not say, or only together with a scale
    /// register.
    [[nodiscard]] std::optional<Milli> modulus_of(Quantity quantity) const;
};

/// Reads a profile from JSON. Error: invalid; every problem with its path, one a line.
[[nodiscard]] Result<Profile> profile_from_json(std::string_view text);

/// The profiles built into the program, by name.
[[nodiscard]] std::vector<std::string> profile_names();
/// Error: not_found, naming the nearest known name.
[[nodiscard]] Result<Profile> profile_named(std::string_view name);

}  // namespace metergate::southbound

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/ids.hpp"
#include "gateway/model/reading.hpp"
#include "southbound/line.hpp"
#include "southbound/panel_blocks.hpp"
#include "southbound/profile.hpp"
#include "southbound/refused_registers.hpp"
#include "southbound/sunspec_walk.hpp"

namespace metergate::southbound {

/// What is done about a panel's own clock.
enum class ClockCare : std::uint8_t {
    leave,
    watch,  ///< told when it is wrong
    set,    ///< and set, where the profile says how
};

struct PanelSetup {
    PanelNumber number{};
    Id id;
    std::uint8_t unit = 1;
    std::string expected_serial;  ///< empty = any
    Duration poll_period = std::chrono::seconds{10};
    /// What one character takes on the panel's wire; 0 on a network. 11 bits at 19200 baud.
    std::chrono::nanoseconds character{572'917};
    std::vector<PanelPoint> points;
    /// Read with every poll: the registers that intervals are made from, and what must be fresh.
    std::vector<Quantity> every_poll{Quantity::energy_delivered, Quantity::power};
    /// The rest: one block of these is added to each poll, in turn.
    std::vector<Quantity> in_turn;
    ClockCare clock_care = ClockCare::watch;
};

/// Every quantity the profile has and `taken` has not, once: what a caller usually puts into
/// in_turn.
[[nodiscard]] std::vector<Quantity> other_quantities(const Profile& profile,
                                                     const std::vector<Quantity>& taken);

/// What to ask one panel, and what its answers mean. Knows no wire and no time; one thread: its
/// line's.
///
/// No value is used before the panel has said who it is: at first contact, after any doubt, and
/// when it was not heard for long enough that the meter may have been changed meanwhile, the
/// identity block comes first.
class PanelDriver {
  public:
    /// Nobody changes a meter faster.
    static constexpr Duration change_time_min = std::chrono::seconds{30};

    /// Points beyond the profile's, and quantities it does not have, are left out; the settings'
    /// check names them.
    PanelDriver(PanelSetup setup, Profile profile);

    [[nodiscard]] const PanelSetup& setup() const { return setup_; }
    [[nodiscard]] const Profile& profile() const { return profile_; }

    /// False: nothing of this panel is to be read.
    [[nodiscard]] bool has_work() const { return !fields_.empty() || walk_.has_value(); }
    /// The values it is asked for. Another plan_number() than before: they or the meter are others
    /// now, and blocks made before are void.
    [[nodiscard]] const std::vector<PanelField>& fields() const { return fields_; }
    [[nodiscard]] std::uint64_t plan_number() const { return plan_number_; }
    /// Blocks 0 .. every_poll_blocks()-1 belong to each poll, the others come in turn. Values that
    /// the panel refused often enough are in none of them.
    [[nodiscard]] std::size_t block_count() const { return blocks_.size(); }
    [[nodiscard]] std::size_t every_poll_blocks() const { return every_poll_blocks_; }
    [[nodiscard]] const SharedBlock& block(std::size_t place) const { return blocks_.at(place); }
    [[nodiscard]] RegisterRequest block_request(std::size_t place) const {
        return request_for(block(place)->span);
    }
    /// Waits as long as the profile allows.
    [[nodiscard]] RegisterRequest request_for(const RegisterSpan& span) const;
    /// What the characters of the reply take on the wire; 0 on a network.
    [[nodiscard]] Duration time_on_wire(const RegisterReply& reply) const;
    /// Blocks of what was refused and is to be tried again now, a few in one poll.
    [[nodiscard]] std::vector<SharedBlock> blocks_to_retry(Instant now) const;

    /// What is asked of it from now on belongs to one poll or read.
    void begin(Instant now);
    /// True: identity_request() must be answered before any block; of a SunSpec device several in
    /// turn, and only then are its blocks known.
    [[nodiscard]] bool identity_needed() const { return !identity_known_; }
    [[nodiscard]] const RegisterRequest& identity_request() const { return identity_request_; }
    /// Takes the reply to identity_request(). Error: refused, if another kind of device answered;
    /// the text says what was expected where.
    [[nodiscard]] Result<void> accept_identity(const RegisterReply& reply);
    /// The panel refused identity_request(). True if the profile allows that and no serial number
    /// was ever read: the panel is then read without identity. Of a SunSpec device: true if there
    /// is another place to look.
    [[nodiscard]] bool accept_refused_identity();
    /// identity_request() timed out.
    void no_identity_reply();
    /// Something went wrong on the way to this panel: another meter may answer next time.
    void doubt();

    /// The reply to a block's request as a reading. Nothing: a register went backwards, or came
    /// with another scale than before, although the panel was not asked who it is just before; ask,
    /// then read the block again.
    [[nodiscard]] std::optional<Reading> accept(const PanelBlock& block, const RegisterReply& reply,
                                                UtcTime asked_utc);
    [[nodiscard]] std::optional<Reading> accept(std::size_t place, const RegisterReply& reply,
                                                UtcTime asked_utc) {
        return accept(*block(place), reply, asked_utc);
    }
    /// Takes what a whole poll found out about what the panel serves, and plans by it. A value that
    /// was there and is refused now comes once more in the next reading, invalid.
    void learn(const ServedAndRefused& found, Instant now);
    /// Takes what it served when only some of it was asked for.
    void learn_served(const std::vector<RegisterSpan>& served, Instant now);
    /// Which values the panel does not serve, for people; empty = it serves all.
    [[nodiscard]] std::string unserved() const;

    /// Hash of profile name, serial number and, of a SunSpec device, manufacturer and device; 0 =
    /// the panel cannot tell.
    [[nodiscard]] std::uint64_t identity() const { return identity_; }
    /// As read; empty = not known.
    [[nodiscard]] const std::string& serial() const { return serial_; }
    /// What the panel says of itself and where its registers were found, for people; empty =
    /// nothing.
    [[nodiscard]] const std::string& device() const { return device_; }
    /// False: the settings expect another serial number than was read.
    [[nodiscard]] bool serial_as_expected() const;

    /// At which value (thousandths of the unit, as in readings of the point in `slot`) the register
    /// begins again at 0; nothing if the profile does not say.
    [[nodiscard]] std::optional<Milli> register_modulus(Quantity quantity,
                                                        std::uint32_t slot = 1) const;

  private:
    void make_fields();
    void plan();
    void append_gone(std::vector<Measured>& values);
    [[nodiscard]] std::vector<std::size_t> fields_with(
        const std::vector<RegisterSpan>& refused) const;
    void ask_identity();
    void ask_walk();
    [[nodiscard]] Result<void> accept_walk(const RegisterReply& reply);
    void settle_at(const SunspecMeter& meter);
    /// `about`: what else tells this meter from others.
    void set_identity(std::string serial, std::string_view about = {});

    PanelSetup setup_;
    Profile profile_;
    std::vector<ProfileQuantity> map_;  ///< the profile's, where this panel has them
    std::optional<SunspecWalk> walk_;
    SunspecMeter meter_;
    std::string device_;
    std::vector<PanelField> fields_;  ///< those of every poll first
    std::size_t every_poll_fields_ = 0;
    std::vector<RegisterSpan> listed_;
    std::uint64_t plan_number_ = 0;
    std::vector<SharedBlock> blocks_;
    std::size_t every_poll_blocks_ = 0;
    RefusedRegisters refused_;
    std::vector<RegisterSpan> refused_now_;  ///< by the last poll
    std::vector<Measured> gone_;             ///< to be handed out as invalid
    RegisterRequest identity_request_;
    bool identity_known_ = false;
    bool identity_fresh_ = false;  ///< read since the last block
    Instant heard_{};              ///< when the last block was asked for
    std::uint64_t identity_ = 0;
    std::string serial_;
};

}  // namespace metergate::southbound

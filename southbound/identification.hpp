#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "southbound/device_texts.hpp"
#include "southbound/profile.hpp"
#include "southbound/request.hpp"
#include "southbound/sunspec_walk.hpp"

namespace metergate::southbound {

/// Somebody at an address, as far as known.
struct FoundDevice {
    std::uint8_t unit = 1;
    std::size_t wire = 0;  ///< of the scan's wires
    bool answers = false;  ///< false: only garbled replies came
    /// Names of the profiles that fit; several only where their identity blocks cannot tell them
    /// apart.
    std::vector<std::string> profiles{};
    bool certain = false;  ///< the profile names content, and it was there
    std::string device{};  ///< what it says of itself
    std::string serial{};  ///< empty = not known
    std::string how{};     ///< by what it was identified, for people; empty = it was not
    std::string note{};    ///< what else is to be said, for people
    /// Why two devices may share the address, for people; empty = no sign of it.
    std::string doubled{};
};

/// Finds out what answers at one address. In this order: identity blocks of profiles that name
/// their content, SunSpec chain, identity blocks that only hold a serial number, function 43/14,
/// function 17; the first that settles it ends the search. What settled it is then asked twice
/// more, to see whether the same device answers. Pure: knows no wire and no time.
class Identification {
  public:
    static constexpr unsigned repeats = 2;

    /// `profiles` outlives this. `probe` was asked last and `outcome` came; no timeout.
    Identification(std::uint8_t unit, std::span<const Profile> profiles, Pdu probe,
                   const Result<Reply>& outcome);

    /// What to ask; nothing: it is finished.
    [[nodiscard]] std::optional<Pdu> next() const;
    void take(const Result<Reply>& outcome);
    /// More bytes came after the last reply, although nothing was asked.
    void heard_unasked() { ++unasked_; }

    /// What is known by now. `wire` is left 0.
    [[nodiscard]] FoundDevice found() const;

  private:
    enum class Kind : std::uint8_t { probe, block, sunspec, objects, server_id, again };
    struct Question {
        Kind kind{};
        std::vector<std::size_t> profiles;  ///< that the answer may settle
    };

    void plan(bool with_probe);
    void plan_blocks(bool with_content);
    [[nodiscard]] Pdu pdu_of(const Question& question) const;
    void take_reply(const Question& question, const Reply& reply);
    void take_failure(const Question& question, Fault fault);
    void take_block(const Question& question, const Reply& reply);
    void take_sunspec(const Reply& reply);
    void take_objects(const Reply& reply);
    void take_server_id(const Reply& reply);
    void take_again(const Reply& reply);
    void give_up(const Question& question);
    void settled(const Reply& reply, std::string_view how);
    void ask_again();
    void go_on();
    void begin_sunspec();
    [[nodiscard]] std::string doubled_text() const;

    std::span<const Profile> profiles_;
    Pdu probe_;
    std::vector<Question> questions_;
    std::size_t at_ = 0;
    unsigned failures_ = 0;  ///< of the question at at_, in a row
    std::optional<SunspecWalk> walk_;
    unsigned walks_ = 0;
    std::uint8_t object_ = 0;  ///< of function 43/14
    FoundDevice found_;
    Pdu settled_by_;  ///< the question, and
    Pdu answer_;      ///< the answer that is to come again
    unsigned again_ = 0;
    unsigned replies_ = 0;
    unsigned garbled_ = 0;
    unsigned unasked_ = 0;
    unsigned changed_ = 0;
};

}  // namespace metergate::southbound

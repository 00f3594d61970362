#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "gateway/model/result.hpp"
#include "southbound/profile.hpp"
#include "southbound/read_plan.hpp"

namespace metergate::southbound {

/// The meter that a walk has found.
struct SunspecMeter {
    std::uint16_t base = 0;     ///< register of the marker "SunS"
    std::uint16_t address = 0;  ///< register of the model's id
    std::uint16_t model = 0;
    // From the last common model in front of it.
    std::string manufacturer{};
    std::string device{};
    std::string serial{};

    bool operator==(const SunspecMeter&) const = default;
};

/// Finds the meter of a SunSpec device: the marker "SunS", the common model, then one model header
/// after the other until the first that is wanted. Small reads (2 registers a header, 64 the common
/// model's), none across the border of two models. Pure: knows no wire.
///
/// Bounded: a chain ends after headers_max headers, and every header lies behind the one before.
class SunspecWalk {
  public:
    static constexpr unsigned headers_max = 64;

    explicit SunspecWalk(ProfileSunspec sunspec) : sunspec_(std::move(sunspec)) {}

    /// What is to be read next (holding registers).
    [[nodiscard]] RegisterSpan next() const;
    /// Takes the registers of next(). Nothing: the walk goes on. Error: refused, with the register;
    /// restart() then.
    [[nodiscard]] Result<std::optional<SunspecMeter>> take(
        std::span<const std::uint16_t> registers);
    /// The device refused next(). True: the walk goes on, at another base.
    [[nodiscard]] bool take_refusal();
    /// Nothing came. A device that has never been found may keep silent at a base it does not have:
    /// the next walk begins at another.
    void take_silence();
    /// From the marker on, beginning with the base that had it last time.
    void restart();

  private:
    enum class Step : std::uint8_t { marker, header, common };

    [[nodiscard]] std::uint16_t base() const;
    [[nodiscard]] bool try_next_base();
    [[nodiscard]] Result<std::optional<SunspecMeter>> take_header(std::uint16_t id,
                                                                  std::uint16_t length);
    [[nodiscard]] Result<void> step_over(std::uint16_t id, unsigned length);
    void take_common(std::span<const std::uint16_t> registers);

    ProfileSunspec sunspec_;
    std::size_t first_base_ = 0;
    std::size_t bases_tried_ = 0;
    bool was_found_ = false;
    Step step_ = Step::marker;
    std::uint16_t header_ = 0;  ///< register of the header being read
    std::uint16_t after_ = 0;   ///< register behind the common model being read
    unsigned headers_ = 0;
    bool has_common_ = false;
    SunspecMeter meter_;
};

}  // namespace metergate::southbound

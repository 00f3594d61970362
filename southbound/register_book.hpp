#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "southbound/profile.hpp"
#include "southbound/read_plan.hpp"

namespace metergate::southbound {

/// Registers that were read, by where they stand. One thread.
class RegisterBook {
  public:
    void keep(const RegisterSpan& span, const std::vector<std::uint16_t>& registers);
    void clear() { registers_.clear(); }
    /// The bits of a value; nothing if it was not read.
    [[nodiscard]] std::optional<std::uint64_t> bits(const RegisterField& field) const;
    /// Nothing if not all of the span was read.
    [[nodiscard]] std::optional<std::vector<std::uint16_t>> registers(
        const RegisterSpan& span) const;

  private:
    std::map<std::pair<Table, std::uint16_t>, std::uint16_t> registers_;
};

}  // namespace metergate::southbound

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/schema/field.hpp"
#include "config/schema/settings.hpp"

namespace metergate::config {

/// One thing that two settings documents say differently. Lists of structs are compared by id:
/// what is in one document only is one difference, whatever it holds.
struct Difference {
    enum class Kind : std::uint8_t { changed, added, removed };
    Kind kind = Kind::changed;
    std::string path;      ///< lines[riser-1].panels[east].address
    std::string label;     ///< as the field tables call it: Modbus address
    Id source;             ///< id of the object around it; empty: the gateway itself
    std::string old_text;  ///< with its unit; empty if added. Secrets are never written out.
    std::string new_text;  ///< empty if removed
    schema::Seal seal = schema::Seal::free;  ///< the strictest of what it holds

    bool operator==(const Difference&) const = default;
};

/// In the order of the field tables. Empty if both say the same.
[[nodiscard]] std::vector<Difference> differences(const schema::Settings& from,
                                                  const schema::Settings& to);

/// `lines[riser-1].panels[east].address: Modbus address 1 -> 2 (sealed)`
[[nodiscard]] std::string text_of(const Difference& difference);

}  // namespace metergate::config

#include "southbound/register_book.hpp"

#include "southbound/register_value.hpp"

namespace metergate::southbound {

void RegisterBook::keep(const RegisterSpan& span, const std::vector<std::uint16_t>& registers) {
    for (std::size_t i = 0; i < registers.size(); ++i) {
        registers_[{span.table, static_cast<std::uint16_t>(span.address + i)}] = registers[i];
    }
}

std::optional<std::vector<std::uint16_t>> RegisterBook::registers(const RegisterSpan& span) const {
    std::vector<std::uint16_t> words;
    for (unsigned address = span.address; address < end_of(span); ++address) {
        const auto found = registers_.find({span.table, static_cast<std::uint16_t>(address)});
        if (found == registers_.end()) {
            return std::nullopt;
        }
        words.push_back(found->second);
    }
    return words;
}

std::optional<std::uint64_t> RegisterBook::bits(const RegisterField& field) const {
    const auto words = registers(span_of(field));
    return words ? std::optional(bits_of(*words, field.order)) : std::nullopt;
}

}  // namespace metergate::southbound

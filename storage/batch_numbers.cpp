#include "storage/batch_numbers.hpp"

namespace metergate::storage {
namespace {

/// The first number in [low, high) for which `holds`, else high. Once true, it stays true.
template <class Predicate>
std::uint64_t first_number(std::uint64_t low, std::uint64_t high, Predicate holds) {
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        if (holds(middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

}  // namespace

BatchNumbers::BatchNumbers(Database& database, Epoch epoch)
    : epoch_(epoch),
      find_(database.prepare(
          "SELECT purged FROM batch WHERE number = ? AND panel = ? AND epoch = ?")) {}

std::uint64_t BatchNumbers::newest(PanelNumber panel) {
    const auto missing = [&](std::uint64_t number) {
        return !find_.with(number, raw(panel), raw(epoch_)).number();
    };
    std::uint64_t beyond = 1;
    while (!missing(beyond)) {
        beyond *= 2;
    }
    return first_number(beyond / 2 + 1, beyond, missing) - 1;
}

std::uint64_t BatchNumbers::oldest_kept(PanelNumber panel, std::uint64_t newest) {
    const auto kept = [&](std::uint64_t number) {
        return find_.with(number, raw(panel), raw(epoch_)).number().value_or(0) == 0;
    };
    return first_number(1, newest + 1, kept);
}

}  // namespace metergate::storage

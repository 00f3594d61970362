#include "storage/batch_numbers.hpp"

namespace metergate::storage {
namespace {

/// The first number from `low` on for which `holds`; it holds for some. Once true, it stays true.
/// Quick if that is near: it looks 1, 2, 4 ... further, then halves.
template <class Predicate>
std::uint64_t first_number_from(std::uint64_t low, Predicate holds) {
    std::uint64_t step = 1;
    std::uint64_t high = low;
    while (!holds(high)) {
        low = high + 1;
        high += step;
        step *= 2;
    }
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        if (holds(middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return high;
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
    std::uint64_t& newest = found_[panel].newest;
    newest = first_number_from(newest + 1, missing) - 1;
    return newest;
}

std::uint64_t BatchNumbers::oldest_kept(PanelNumber panel, std::uint64_t newest) {
    const auto kept = [&](std::uint64_t number) {
        return number > newest ||
               find_.with(number, raw(panel), raw(epoch_)).number().value_or(0) == 0;
    };
    std::uint64_t& oldest = found_[panel].oldest_kept;
    oldest = first_number_from(oldest, kept);
    return oldest;
}

}  // namespace metergate::storage

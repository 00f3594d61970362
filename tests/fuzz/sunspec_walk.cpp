/// A SunSpec device that answers a walk with these bytes, one run of registers after the other;
/// 0xEE in front of a run is an exception instead.

#include "southbound/sunspec_walk.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace metergate;
    southbound::SunspecWalk walk({{40000, 0, 50000}, {{203, 105}, {213, 124}}});
    // Each header, and a common model behind each of them, and the markers.
    constexpr unsigned requests_max = 2 * southbound::SunspecWalk::headers_max + 3;
    std::size_t at = 0;
    for (unsigned requests = 0; at < size; ++requests) {
        const southbound::RegisterSpan next = walk.next();
        fuzz::expect(requests < requests_max, "a walk ends");
        fuzz::expect(unsigned{next.address} + next.count <= 0x10000, "registers end at 65535");
        if (data[at++] == 0xEE) {
            if (!walk.take_refusal()) {
                return 0;
            }
            continue;
        }
        std::vector<std::uint16_t> registers(next.count);
        for (std::size_t i = 0; i < registers.size() && at + 1 < size; ++i, at += 2) {
            registers[i] = static_cast<std::uint16_t>(data[at] << 8U | data[at + 1]);
        }
        const auto taken = walk.take(registers);
        if (!taken) {
            fuzz::expect(!taken.error().text.empty(), "a walk that fails has a reason");
            return 0;
        }
        if (*taken) {
            fuzz::expect((*taken)->model == 203 || (*taken)->model == 213, "a meter is found");
            fuzz::expect(unsigned{(*taken)->address} + 107 <= 0x10000, "its model fits");
            return 0;
        }
    }
    return 0;
}

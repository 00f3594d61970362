/// Bytes from a wire, against the request named by the first five of them.

#include "southbound/modbus/frame.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace metergate;
using southbound::modbus::Parsed;
using southbound::modbus::Verdict;

void check(const Parsed& parsed, std::size_t size, std::size_t frame_max, std::uint16_t count) {
    fuzz::expect(parsed.length <= size, "a frame is not longer than what arrived");
    switch (parsed.verdict) {
        case Verdict::need_more:
            fuzz::expect(size < frame_max, "a longest frame is judged");
            break;
        case Verdict::reply:
            fuzz::expect(parsed.registers.size() == std::size_t{2} * count,
                         "a reply has the registers that were asked for");
            break;
        case Verdict::exception:
        case Verdict::foreign:
            fuzz::expect(parsed.length > 0, "a frame has a length");
            break;
        case Verdict::bad:
            fuzz::expect(!parsed.why.empty(), "a bad frame has a reason");
            break;
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t head = 5;
    if (size < head) {
        return 0;
    }
    southbound::RegisterRequest request;
    request.unit = static_cast<std::uint8_t>(data[0] % 247 + 1);
    request.count = static_cast<std::uint16_t>(data[1] % 125 + 1);
    request.table = data[2] % 2 == 0 ? southbound::Table::holding : southbound::Table::input;
    const auto transaction = static_cast<std::uint16_t>(data[3] * 256 + data[4]);

    using namespace southbound::modbus;
    for (std::span<const std::uint8_t> left(data + head, size - head); !left.empty();) {
        const Parsed parsed = parse_rtu(left, request);
        check(parsed, left.size(), rtu_frame_max, request.count);
        left = left.subspan(parsed.length > 0 ? parsed.length : left.size());
    }
    for (std::span<const std::uint8_t> left(data + head, size - head); !left.empty();) {
        const Parsed parsed = parse_tcp(left, request, transaction);
        check(parsed, left.size(), tcp_frame_max, request.count);
        left = left.subspan(parsed.length > 0 ? parsed.length : left.size());
    }
    return 0;
}

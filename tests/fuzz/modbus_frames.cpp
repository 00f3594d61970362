/// Bytes from a wire, against the request named by the first five of them: a read of registers, or
/// another function.

#include <array>

#include "southbound/device_texts.hpp"
#include "southbound/modbus/frame.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace metergate;
using southbound::modbus::Parsed;
using southbound::modbus::Verdict;

/// What is asked: registers for even numbers and 1, as kept inputs have it; else another function.
southbound::Request request_of(const std::uint8_t* data) {
    static const std::array<southbound::Pdu, 9> others{{{17},
                                                        {43, 14, 1, 0},
                                                        {1, 0, 0, 0, 12},
                                                        {2, 0, 0, 0, 1},
                                                        {5, 0, 1, 0xFF, 0},
                                                        {6, 0, 1, 0, 1},
                                                        {15, 0, 0, 0, 1, 1, 1},
                                                        {16, 0, 0, 0, 1, 2, 0, 1},
                                                        {99}}};
    const auto unit = static_cast<std::uint8_t>(data[0] % 247 + 1);
    if (data[2] > 1 && data[2] % 2 == 1) {
        return {unit, others.at((data[2] / 2U) % others.size())};
    }
    southbound::RegisterRequest registers;
    registers.unit = unit;
    registers.count = static_cast<std::uint16_t>(data[1] % 125 + 1);
    registers.table = data[2] % 2 == 0 ? southbound::Table::holding : southbound::Table::input;
    return registers;
}

void check(const Parsed& parsed, std::size_t size, std::size_t frame_max,
           const southbound::Request& request) {
    const bool reads_registers = request.pdu[0] == 3 || request.pdu[0] == 4;
    fuzz::expect(parsed.length <= size, "a frame is not longer than what arrived");
    switch (parsed.verdict) {
        case Verdict::need_more:
            fuzz::expect(size < frame_max, "a longest frame is judged");
            break;
        case Verdict::reply:
            fuzz::expect(!parsed.pdu.empty() && parsed.pdu.size() <= southbound::pdu_size_max &&
                             parsed.pdu[0] == request.pdu[0],
                         "a reply is of the function that was asked");
            fuzz::expect(!reads_registers ||
                             parsed.pdu.size() == std::size_t{2} + std::size_t{2} * request.pdu[4],
                         "a reply has the registers that were asked for");
            fuzz::expect(request.pdu[0] != 17 || southbound::server_id_text(parsed.pdu),
                         "a server id has a text");
            fuzz::expect(request.pdu[0] != 43 || southbound::device_objects(parsed.pdu),
                         "a device identification has whole objects");
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
    const southbound::Request request = request_of(data);
    const auto transaction = static_cast<std::uint16_t>(data[3] * 256 + data[4]);

    using namespace southbound::modbus;
    for (std::span<const std::uint8_t> left(data + head, size - head); !left.empty();) {
        const Parsed parsed = parse_rtu(left, request);
        check(parsed, left.size(), rtu_frame_max, request);
        left = left.subspan(parsed.length > 0 ? parsed.length : left.size());
    }
    for (std::span<const std::uint8_t> left(data + head, size - head); !left.empty();) {
        const Parsed parsed = parse_tcp(left, request, transaction);
        check(parsed, left.size(), tcp_frame_max, request);
        left = left.subspan(parsed.length > 0 ? parsed.length : left.size());
    }
    return 0;
}

/// A line on the control socket, as a request and as an answer.

#include "gateway/control/protocol.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace metergate;
    const auto line = fuzz::text_of(data, size);
    if (const auto request = control::parse_request(line)) {
        const std::string again = control::request_line(*request);
        fuzz::expect(again.find('\n') == again.size() - 1, "a request is one line");
        const auto reread = control::parse_request(again.substr(0, again.size() - 1));
        fuzz::expect(reread && reread->method == request->method, "a request comes back the same");
    } else {
        fuzz::expect(!request.error().text.empty(), "a refused request has a reason");
    }
    (void)control::parse_answer(line);
    return 0;
}

/// What comes over MQTT: requests, answers and receipts, at the gateway's end and at a receiver's,
/// and batches and status as a receiver reads them.

#include "northbound/talk.hpp"

#include "northbound/receiver/messages.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace metergate;
    using namespace metergate::northbound;
    const auto payload = fuzz::text_of(data, size);
    const auto parsed = parse_request(payload);
    if (const auto* request = std::get_if<DataRequest>(&parsed)) {
        const auto again = parse_request(encode_request(*request));
        const auto* reread = std::get_if<DataRequest>(&again);
        fuzz::expect(reread != nullptr && *reread == *request, "a request comes back the same");
    } else {
        const auto& bad = std::get<BadRequest>(parsed);
        fuzz::expect(bad.id.empty() || is_talk_name(bad.id), "an id fits into a topic");
        fuzz::expect(!bad.text.empty(), "a refused request has a reason");
    }
    if (const auto response = parse_response(payload)) {
        const auto reread = parse_response(encode_response(*response));
        fuzz::expect(reread && *reread == *response, "an answer comes back the same");
    }
    if (const auto receipt = parse_receipt(payload)) {
        const auto reread = parse_receipt(encode_receipt(*receipt));
        fuzz::expect(reread && *reread == *receipt, "a receipt comes back the same");
    }
    if (const auto batch = receiver::parse_batch(payload, "tower-1")) {
        fuzz::expect(batch->number >= 1 && batch->payload == payload, "a batch keeps its bytes");
    }
    (void)receiver::parse_status(payload);
    return 0;
}

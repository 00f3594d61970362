/// A client of the Modbus gateway that sends anything, in any portions, to lines that answer
/// anything at any time. The first byte: writes allowed or not; then steps, each begun by a byte
/// that says what happens: so many bytes arrive, time passes, answers are taken, the line answers.

#include "southbound/gateway/session.hpp"

#include <algorithm>
#include <deque>

#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace metergate;
using namespace metergate::southbound;
using namespace metergate::southbound::gateway;

class Run {
  public:
    explicit Run(bool writes_allowed)
        : relay_(clock_, rules(writes_allowed),
                 {[this](const Id&, LineRequest request) { take(std::move(request)); }, {}}),
          session_(std::make_shared<Session>(clock_, relay_, "client", std::chrono::seconds{30})),
          writes_allowed_(writes_allowed) {}

    void arrive(std::span<const std::uint8_t> bytes) {
        session_->receive(bytes.first(std::min(bytes.size(), session_->room())));
        check();
    }
    void pass(Duration time) {
        clock_.advance(time);
        relay_.step();
        session_->step();
        check();
    }
    /// The line answers the request that waited longest: with as much of `bytes` as a PDU may have.
    void answer(std::uint8_t how, std::span<const std::uint8_t> bytes) {
        if (waiting_.empty()) {
            return;
        }
        const LineRequest request = std::move(waiting_.front());
        waiting_.pop_front();
        if (how % 2 == 0 && !bytes.empty()) {
            const auto pdu = bytes.first(std::min(bytes.size(), pdu_size_max));
            request.answer({Reply{Pdu(pdu.begin(), pdu.end()), clock_.now(), clock_.now()}, 0});
        } else {
            const auto fault = static_cast<Fault>(how / 2U % 8U);
            request.answer({Error{fault, "of the fuzzer"}, static_cast<std::uint8_t>(how / 16U)});
        }
        check();
    }
    /// Whatever is sent is whole frames.
    void take_output() {
        const std::vector<std::uint8_t> bytes = session_->take_output();
        for (std::span<const std::uint8_t> left(bytes); !left.empty();) {
            const Cut cut = cut_frame(left);
            fuzz::expect(cut.length > 0, "only whole frames are sent");
            ++answers_;
            left = left.subspan(cut.length);
        }
        session_->written();
        check();
    }
    void finish() {
        while (session_->unsent() > 0) {
            take_output();
        }
        fuzz::expect(answers_ + session_->outstanding() <= session_->requests(),
                     "a request is answered once");
        fuzz::expect(
            session_->ended() || answers_ + session_->outstanding() == session_->requests(),
            "each request is answered");
    }

  private:
    static Relay::Rules rules(bool writes_allowed) {
        Relay::Rules rules;
        rules.routes = {
            {1, {"line", "panel", {}}}, {2, {"line", "panel", {}}}, {247, {"line", "other", {}}}};
        rules.writes_allowed = writes_allowed;
        rules.cache = std::chrono::milliseconds{100};
        return rules;
    }
    void take(LineRequest request) {
        const Pdu& pdu = request.request.pdu;
        fuzz::expect(shape_of(pdu).sound, "only sound requests reach a line");
        const Access access = access_of(pdu);
        fuzz::expect(access == Access::read || (access == Access::write && writes_allowed_),
                     "only what is allowed reaches a line");
        waiting_.push_back(std::move(request));
    }
    void check() const {
        fuzz::expect(session_->unsent() <=
                         Session::unsent_max + (Session::outstanding_max + 1) * frame_size_max,
                     "what is unsent is bounded");
        fuzz::expect(session_->outstanding() <= Session::outstanding_max,
                     "what is under way is bounded");
        fuzz::expect(waiting_.size() <= Relay::of_client_max, "the line is not flooded");
    }

    VirtualClock clock_{utc_from_s(1'700'000'000)};
    Relay relay_;
    std::shared_ptr<Session> session_;
    bool writes_allowed_;
    std::deque<LineRequest> waiting_;
    std::size_t answers_ = 0;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::span<const std::uint8_t> left(data, size);
    Run run(!left.empty() && left[0] % 2 == 1);
    left = left.subspan(std::min<std::size_t>(left.size(), 1));
    while (!left.empty()) {
        const std::uint8_t what = left[0];
        left = left.subspan(1);
        const auto some = left.first(std::min<std::size_t>(left.size(), what % 64U));
        switch (what / 64U) {
            case 0:
            case 1: {
                // Twice as many of these: most of a client's life is sending.
                const auto bytes = left.first(std::min<std::size_t>(left.size(), what));
                run.arrive(bytes);
                left = left.subspan(bytes.size());
                break;
            }
            case 2:
                run.pass(std::chrono::milliseconds{what % 64U * (what % 64U) * 4U});
                break;
            default:
                if (some.empty()) {
                    run.take_output();
                } else {
                    run.answer(some[0], some.subspan(1));
                    left = left.subspan(some.size());
                }
        }
    }
    run.finish();
    return 0;
}

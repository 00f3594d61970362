/// A settings file. One that is good must come back the same from its canonical form.

#include "config/document.hpp"
#include "gateway/app/profile_facts.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace metergate;
    static const app::ProfileFactsBook facts;
    const auto loaded = config::load_text(std::string(fuzz::text_of(data, size)), facts);
    if (loaded.state != config::DocumentState::good) {
        fuzz::expect(!loaded.problems.empty(), "bad settings have a problem that says why");
        return 0;
    }
    const std::string canonical = config::canonical_text(loaded.settings);
    const auto again = config::load_text(canonical, facts);
    fuzz::expect(again.state == config::DocumentState::good, "canonical settings are good");
    fuzz::expect(config::canonical_text(again.settings) == canonical,
                 "canonical settings are their own canonical form");
    return 0;
}

/// A panel profile, and the driver of one that is accepted.

#include "southbound/panel_driver.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace metergate;
    const auto profile = southbound::profile_from_json(fuzz::text_of(data, size));
    if (!profile) {
        fuzz::expect(!profile.error().text.empty(), "a refused profile has a reason");
        return 0;
    }
    southbound::PanelSetup setup;
    setup.points = {{PointNumber{1}, 1, {}}, {PointNumber{2}, profile->points, {}}};
    setup.every_poll = southbound::other_quantities(*profile, {});
    const southbound::PanelDriver driver(setup, *profile);
    for (std::size_t block = 0; block < driver.block_count(); ++block) {
        fuzz::expect(driver.block_request(block).count <= profile->limits.registers_max,
                     "a block is one request");
    }
    return 0;
}

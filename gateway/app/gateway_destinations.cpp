#include <utility>

#include "gateway/app/catalogue.hpp"
#include "gateway/app/running_gateway.hpp"
#include "gateway/app/version.hpp"
#include "northbound/delivery_options.hpp"
#include "storage/reader.hpp"

/// How destinations are made, and asked for themselves.
namespace metergate::app {

Result<DestinationParts> RunningGateway::make_destination_parts(
    const schema::DestinationSettings& settings, const record::Directory& directory) const {
    const std::string where = "destination " + settings.id;
    auto options = northbound::delivery_options_from(settings, directory);
    if (!options) {
        return options.error().within(where);
    }
    options->program_version = program_version;
    auto batches = storage::SqliteBatchSource::open(setup_.paths.store());
    if (!batches) {
        return batches.error().within(where);
    }
    return DestinationParts{std::move(*options), directory, std::move(*batches),
                            make_publisher(settings, setup_.settings.gateway.id, *clock_)};
}

std::unique_ptr<DestinationWorker> RunningGateway::make_destination_worker(
    DestinationParts parts, northbound::Delivery::Stored stored) {
    return std::make_unique<DestinationWorker>(
        *clock_, parts.options, std::move(parts.directory),
        DestinationWorker::Parts{std::move(parts.batches), std::move(parts.publisher), *recorder_,
                                 live_, [this](Event event) { events_.report(std::move(event)); }},
        std::move(stored));
}

Result<void> RunningGateway::make_destinations() {
    for (const auto& settings : setup_.settings.destinations) {
        auto parts = make_destination_parts(settings, directory_);
        const auto cursor = recorder_->load(settings.id);
        auto receipts = recorder_->load_receipts(settings.id);
        if (!parts) {
            return parts.error();
        }
        if (!cursor || !receipts) {
            return (cursor ? receipts.error() : cursor.error())
                .within("destination " + settings.id);
        }
        destinations_.add(
            make_destination_worker(std::move(*parts), {*cursor, std::move(*receipts)}));
    }
    events_.add_listener([this](const Event& event) { destinations_.tell(event); });
    return {};
}

void RunningGateway::test_destination(const Id& destination, northbound::TestAnswer answer) {
    for (const auto& worker : destinations_.all()) {
        if (worker->id() == destination) {
            worker->test(std::move(answer));
            return;
        }
    }
    answer(Error{Fault::not_found, "there is no destination \"" + destination + "\""});
}

}  // namespace metergate::app

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gateway/app/apply_plan.hpp"
#include "gateway/app/destination_set.hpp"
#include "gateway/app/event_desk.hpp"
#include "gateway/app/gateway.hpp"
#include "gateway/app/instance_lock.hpp"
#include "gateway/app/line_worker.hpp"
#include "gateway/app/modbus_worker.hpp"
#include "gateway/app/reader_worker.hpp"
#include "gateway/app/recorder_worker.hpp"
#include "gateway/app/site.hpp"
#include "gateway/app/status_json.hpp"
#include "northbound/delivery.hpp"
#include "storage/history.hpp"

namespace metergate::app {

using schema::Json;

/// All of a destination that can fail to be made.
struct DestinationParts {
    northbound::DeliveryOptions options;
    record::Directory directory;
    std::unique_ptr<record::BatchSource> batches;
    std::unique_ptr<northbound::Publisher> publisher;
};

/// One apply from the request to its answer. The main thread's, but for the steps that the recorder
/// does, while the main thread leaves it alone.
struct ApplyUnderWay {
    schema::Settings wanted;
    ApplyPlan plan;
    std::vector<Id> drop_cursors;
    Gateway::Applied done;

    // From the store.
    std::optional<Error> store_error;
    record::Numbering numbering;
    record::Numbering all_numbers;
    record::Restart restart;
    std::map<Id, northbound::Delivery::Stored> stored;  ///< of destinations that are to begin

    Instant lines_quiet_from{};  ///< no reply can come to a line that was ended

    // Made before anything is stopped.
    Site site;
    std::vector<DestinationParts> destinations;
    std::string saved;  ///< a sentence about the file
};

class RunningGateway final : public Gateway {
  public:
    RunningGateway(Setup setup, const Clock& clock, const Log& log, InstanceLock lock)
        : setup_(std::move(setup)),
          clock_(&clock),
          lock_(std::move(lock)),
          events_(clock, log, inbox_.events),
          reader_(std::make_unique<ReaderWorker>(clock, setup_.paths.store())) {}
    RunningGateway(const RunningGateway&) = delete;
    RunningGateway& operator=(const RunningGateway&) = delete;
    ~RunningGateway() override { stop(); }

    Result<void> open();

    void stop() override;
    [[nodiscard]] std::optional<std::string> stuck_thread() const override;
    [[nodiscard]] Json status() const override;
    void events(std::size_t count_max, Asker asker) override;
    void history(const Json& params, Asker asker) override;
    void read(const Id& line, const Id& panel, southbound::ReadAnswer answer) override;
    void parameters(const Id& line, southbound::ParameterOrder order) override;
    void test_destination(const Id& destination, northbound::TestAnswer answer) override;
    [[nodiscard]] Json readings(const southbound::PanelRead& read) const override {
        return readings_json(read, directory_);
    }
    void change_out(const Id& point, storage::ChangeOut change, Done done) override;
    void apply(ApplyRequest request, Applied done) override;
    void read_at(const Id& point, UtcSeconds time, Asker asker) override;

  private:
    Result<void> open_store();
    Result<void> assemble();
    Result<void> make_recorder(const record::RecordPlan& plan, const record::Restart& restart);
    [[nodiscard]] std::unique_ptr<LineWorker> make_line_worker(LinePlan plan,
                                                               const LineWorker::Past& past);
    void route_log_orders();
    [[nodiscard]] ModbusWorker::Reach modbus_reach(const schema::Settings& settings) const;
    void make_modbus_worker(const schema::Settings& settings);
    [[nodiscard]] Result<DestinationParts> make_destination_parts(
        const schema::DestinationSettings& settings, const record::Directory& directory) const;
    [[nodiscard]] std::unique_ptr<DestinationWorker> make_destination_worker(
        DestinationParts parts, northbound::Delivery::Stored stored);
    Result<void> make_destinations();
    [[nodiscard]] Result<record::RecordPlan> plan_of_last_run();
    void tell_how_it_started(const record::Restart& restart);
    void start_threads();
    void mend(std::vector<storage::DayKey> days);

    // The steps of an apply, in gateway_apply.cpp.
    void ask_store();
    void prepare();
    Result<void> make_ready();
    void end_parts();
    void change_recorder();
    void begin_parts();
    void begin_modbus();
    void tell_what_was_applied();
    void end_apply(Result<Json> answer);

    [[nodiscard]] const record::Directory::Point* find_point(const Id& id) const;
    [[nodiscard]] std::vector<StepThread*> threads() const;
    [[nodiscard]] Result<LineWorker*> line_named(const Id& line);

    Setup setup_;
    const Clock* clock_;
    InstanceLock lock_;
    record::RecorderInbox inbox_;
    record::LiveValues live_;
    EventDesk events_;
    record::Directory directory_;
    std::unique_ptr<storage::SqliteStore> store_;
    std::unique_ptr<RecorderWorker> recorder_;
    std::vector<std::unique_ptr<LineWorker>> lines_;
    std::unique_ptr<ModbusWorker> modbus_;  ///< while it is enabled
    DestinationSet destinations_;
    std::unique_ptr<ReaderWorker> reader_;
    /// The reader's thread's: what it has told of already.
    std::set<std::tuple<UtcSeconds, PointNumber, SeriesNumber>> damaged_days_;
    std::unique_ptr<ApplyUnderWay> applying_;
    bool started_ = false;
};

}  // namespace metergate::app

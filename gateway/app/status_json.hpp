#pragma once

#include <vector>

#include "config/schema/json.hpp"
#include "gateway/app/line_worker.hpp"
#include "gateway/app/modbus_server.hpp"
#include "gateway/model/event.hpp"
#include "gateway/record/directory.hpp"
#include "gateway/record/live_values.hpp"
#include "gateway/record/recorder.hpp"
#include "northbound/delivery.hpp"
#include "southbound/panel_parameter.hpp"
#include "storage/history.hpp"
#include "storage/room.hpp"

/// What the daemon tells about itself, as JSON: `metergate status` and later the page show nothing
/// else.
namespace metergate::app {

[[nodiscard]] schema::Json status_of_line(const LineStatus& line, Instant now);
[[nodiscard]] schema::Json status_of_recorder(const record::RecorderStatus& recorder);
[[nodiscard]] schema::Json status_of_store(const storage::Room& room);
[[nodiscard]] schema::Json status_of_destination(const northbound::DeliveryStatus& delivery);
[[nodiscard]] schema::Json status_of_modbus(const ModbusStatus& modbus);
/// Live values of all points, in the order of the directory.
[[nodiscard]] schema::Json live_values_json(const record::LiveValues& live,
                                            const record::Directory& directory, Instant now);
[[nodiscard]] schema::Json event_json(const Event& event, const record::Directory& directory);
[[nodiscard]] schema::Json register_around_json(const storage::RegisterAround& around);
/// One panel as just read: a list of points with their values by quantity name, and with the device
/// if the panel says what it is.
[[nodiscard]] schema::Json readings_json(const southbound::PanelRead& read,
                                         const record::Directory& directory);
/// What a panel is set to: a list of parameters; those without a point are the panel's.
[[nodiscard]] schema::Json parameters_json(const std::vector<southbound::ParameterValue>& values);

}  // namespace metergate::app

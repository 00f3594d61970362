#pragma once

#include <functional>
#include <map>
#include <memory>

#include "gateway/app/guest_door.hpp"
#include "gateway/app/modbus_server.hpp"
#include "gateway/app/published.hpp"
#include "gateway/app/step_thread.hpp"

namespace metergate::app {

/// The Modbus gateway for other masters, on a thread of its own.
class ModbusWorker {
  public:
    /// What it reaches: panels by unit, and the doors of the lines that have them.
    struct Reach {
        southbound::gateway::Routes routes;
        std::map<Id, std::shared_ptr<GuestDoor>> doors;  ///< by line
    };

    ModbusWorker(const Clock& clock, const schema::ModbusGatewaySettings& settings, Reach reach,
                 std::function<void(Event)> report);
    ModbusWorker(const ModbusWorker&) = delete;
    ModbusWorker& operator=(const ModbusWorker&) = delete;
    ~ModbusWorker();

    void start() { thread_.start(); }
    /// Disconnects everybody, and ends the thread.
    void stop();
    [[nodiscard]] StepThread& thread() { return thread_; }

    /// Lines or panels are others now; who is connected stays so. Any thread.
    void change_reach(Reach reach);
    /// As it was at most a second ago. Any thread.
    [[nodiscard]] ModbusStatus status() const { return status_.get(); }

  private:
    Instant step();
    void to_line(const Id& line, southbound::gateway::LineRequest request) const;

    const Clock* clock_;
    std::shared_ptr<boost::asio::io_context> io_;  ///< lines post their answers to it
    std::map<Id, std::shared_ptr<GuestDoor>> doors_;
    std::unique_ptr<ModbusServer> server_;
    Published<ModbusStatus> status_;
    bool opened_ = false;
    StepThread thread_;
};

}  // namespace metergate::app

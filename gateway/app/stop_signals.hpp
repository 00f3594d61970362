#pragma once

namespace metergate::app {

/// SIGTERM and SIGINT as a descriptor that can be waited for. Make it before any thread starts, so
/// that none of them takes the signals.
class StopSignals {
  public:
    StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;
    ~StopSignals();

    [[nodiscard]] int fd() const { return fd_; }
    /// True once for each signal that came.
    [[nodiscard]] bool came() const;

  private:
    int fd_ = -1;
};

}  // namespace metergate::app

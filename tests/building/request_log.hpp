#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>

#include "gateway/model/result.hpp"
#include "gateway/model/time.hpp"
#include "tests/building/frame.hpp"

namespace metergate::building {

/// One request on a serial wire and what came back.
struct RequestRow {
    Instant heard;          ///< when its first byte was seen
    Duration silence{};     ///< before that; 0 while something else was still being sent
    Duration request{};     ///< what its characters take at the baud rate
    Bytes frame;            ///< the request, CRC included
    Duration turnaround{};  ///< from the request's end to the reply's begin; 0 without a reply
    Duration reply{};       ///< what the characters of the reply take at the baud rate
    Instant ended;          ///< when the last byte was really written; `heard` without a reply
    std::size_t reply_bytes = 0;
};

/// The requests of one line as a file of comma-separated values: one row each, in the order in
/// which they ended. For benchmarks. One thread.
class RequestLog {
  public:
    /// Error: refused, if the file cannot be made; the text names it.
    [[nodiscard]] Result<void> open(const std::string& path);
    void add(const RequestRow& row);
    /// Error: refused, if not all rows could be written.
    [[nodiscard]] Result<void> finish();

  private:
    std::string path_;
    std::ofstream file_;
};

}  // namespace metergate::building

#include "tests/building/request_log.hpp"

#include <fmt/format.h>

namespace metergate::building {

Result<void> RequestLog::open(const std::string& path) {
    path_ = path;
    file_.open(path, std::ios::trunc);
    file_ << "heard_us,silence_us,unit,function,address,count,request_us,turnaround_us,reply_us,"
             "ended_us,reply_bytes\n";
    return file_ ? Result<void>{} : Error{Fault::refused, path_ + ": cannot be written"};
}

void RequestLog::add(const RequestRow& row) {
    const bool reads = row.frame.size() >= 6;
    file_ << fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", row.heard.time_since_epoch().count(),
                         row.silence.count(), row.frame.empty() ? 0 : row.frame[0],
                         row.frame.size() > 1 ? row.frame[1] : 0, reads ? u16_at(row.frame, 2) : 0,
                         reads ? u16_at(row.frame, 4) : 0, row.request.count(),
                         row.turnaround.count(), row.reply.count(),
                         row.ended.time_since_epoch().count(), row.reply_bytes);
}

Result<void> RequestLog::finish() {
    file_.close();
    return file_ ? Result<void>{} : Error{Fault::refused, path_ + ": cannot be written"};
}

}  // namespace metergate::building

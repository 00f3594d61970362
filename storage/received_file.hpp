#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/model/clock.hpp"
#include "gateway/record/received.hpp"

namespace metergate::storage {

/// What a receiver got of one gateway, in an SQLite file that others may read while it is written
/// (read only: two that write would harm it). WAL with synchronous FULL; every put() is durable.
///
///     batch(panel, epoch, number, "end", revision, received, payload): each batch as it came
///     record("end", point, series, revision, epoch, start, value, register, flags, origin,
///            uncertainty): its records; the current one has the highest revision
///     changed_batch(panel, epoch, number, received, payload): came again with other bytes
///     purged(panel, epoch, through): what the gateway no longer had
///     message(topic, received, payload): newest `meta` and `status`; `gateway` holds the id
///
/// Times are UTC seconds, energies thousandths of the series' unit, epochs 16 hexadecimal digits.
class ReceivedFile final : public record::ReceivedStore {
  public:
    /// Opens or makes the file. Errors: refused (of another gateway, no file of this kind, made by
    /// a newer program), damaged, full, disconnected.
    [[nodiscard]] static Result<std::unique_ptr<ReceivedFile>> open(const std::string& path,
                                                                    const Id& gateway,
                                                                    const Clock& clock);
    ~ReceivedFile() override;
    ReceivedFile(const ReceivedFile&) = delete;
    ReceivedFile& operator=(const ReceivedFile&) = delete;

    [[nodiscard]] Result<std::vector<record::HeldRun>> held() override;
    [[nodiscard]] Result<std::vector<record::PurgedRun>> purged() override;
    [[nodiscard]] Result<std::vector<record::Reception>> put(
        const record::Arrivals& arrivals) override;

  private:
    struct Parts;
    explicit ReceivedFile(std::unique_ptr<Parts> parts);

    std::unique_ptr<Parts> parts_;
};

}  // namespace metergate::storage

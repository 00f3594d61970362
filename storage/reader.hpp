#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/record/store.hpp"
#include "storage/sqlite.hpp"

namespace metergate::storage {

/// A read-only connection to a store that a SqliteStore has opened before.
[[nodiscard]] Result<Database> open_reader(const std::string& path, const std::string& vfs);

/// After such an error a connection is closed and the store opened anew: I/O errors and damage.
[[nodiscard]] bool breaks_connection(const Error& error);

/// The batches for one delivery: a read-only connection with a small cache. Each call is one short
/// read transaction, so that checkpoints are not held up. After an I/O error the next call opens
/// the store again. To be closed before a store is replaced.
class SqliteBatchSource final : public record::BatchSource {
  public:
    [[nodiscard]] static Result<std::unique_ptr<SqliteBatchSource>> open(
        const std::string& path, const std::string& vfs = {});
    ~SqliteBatchSource() override;
    SqliteBatchSource(const SqliteBatchSource&) = delete;
    SqliteBatchSource& operator=(const SqliteBatchSource&) = delete;

    [[nodiscard]] Epoch epoch() const override { return epoch_; }
    [[nodiscard]] Result<record::BatchPage> after(BatchSeq cursor, std::size_t count_max) override;
    [[nodiscard]] Result<BatchSeq> newest() override;
    [[nodiscard]] Result<NumberedPage> by_number(const NumberRange& range,
                                                 std::size_t count_max) override;
    [[nodiscard]] Result<std::vector<std::uint64_t>> numbers_by_end(PanelNumber panel,
                                                                    UtcSeconds from, UtcSeconds to,
                                                                    std::size_t count_max) override;
    /// In order of panel; panels without batches are left out. `oldest_kept` is newest + 1 where
    /// all is purged.
    [[nodiscard]] Result<std::vector<PanelSpan>> spans() override;

  private:
    struct Connection;

    SqliteBatchSource(std::string path, std::string vfs);
    [[nodiscard]] Result<void> ensure_open();
    [[nodiscard]] Error failed(const Error& error);

    std::string path_;
    std::string vfs_;
    Epoch epoch_{};
    std::unique_ptr<Connection> connection_;
};

}  // namespace metergate::storage

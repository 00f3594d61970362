#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/flags.hpp"
#include "gateway/model/ids.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/model/record.hpp"
#include "gateway/model/time.hpp"

/// Records as files have them. Pure: the same rows give the same bytes; any thread.
namespace metergate::northbound::formats {

/// Whose rows follow.
struct RowsOf {
    Id panel;
    Id point;
    std::string meter;  ///< what the bill's reader knows the meter by; never empty
    std::string suite;
    std::string series;  ///< code
    Quantity quantity{};
    std::chrono::seconds length{};

    bool operator==(const RowsOf&) const = default;
};

/// What is known of one slot now.
struct Row {
    UtcSeconds start;
    UtcSeconds end;
    std::optional<Milli> value;
    std::optional<Milli> reg;
    Flags flags;
    std::optional<std::int64_t> revision;  ///< absent: there is no record of the slot
    std::string origin;                    ///< empty: the same
    std::optional<Milli> uncertainty;
};

/// A file being written: what each call returns is to be appended to it.
class Encoder {
  public:
    virtual ~Encoder() = default;
    [[nodiscard]] virtual std::string begin() = 0;
    /// Rows of one point and series in order of their ends; all of them before the next one's, in
    /// as many calls as it pleases.
    [[nodiscard]] virtual std::string rows(const RowsOf& of, const std::vector<Row>& rows) = 0;
    [[nodiscard]] virtual std::string end() = 0;
};

struct FileFacts {
    Id gateway;
    std::string receiver;  ///< who the file is for, as that one calls itself; may be empty
    UtcSeconds made;
};

/// What CMEP calls the unit of an energy; all that is told of a quantity there.
[[nodiscard]] std::string_view cmep_unit(Quantity quantity);

/// csv, ndjson, cmep.
[[nodiscard]] const std::vector<std::string>& format_names();
/// Null: there is no such format.
[[nodiscard]] std::unique_ptr<Encoder> make_encoder(std::string_view format,
                                                    const FileFacts& facts);

}  // namespace metergate::northbound::formats

#include <fmt/format.h>

#include <algorithm>

#include "config/schema/utc_text.hpp"
#include "northbound/formats/encoders.hpp"
#include "northbound/formats/rows.hpp"
#include "northbound/native_encoder.hpp"

// "California Metering Exchange Protocol", record MEPMD01 in its extended version 20080501, as the
// readers of several utilities take it: 14 fields, then time, quality and value of each interval.
// Times are UTC and the ends of intervals. The quality's letters beside R (raw) are from memory.
namespace metergate::northbound::formats {
namespace {

constexpr std::size_t triples_max = 48;

struct Triple {
    UtcSeconds end;
    char quality = 'R';
    Milli value = 0;
};

/// `CCYYMMDDhhmm`
std::string stamp(UtcSeconds time) {
    std::string text = schema::utc_text(time).substr(0, 16);
    std::erase_if(text, [](char one) { return one < '0' || one > '9'; });
    return text;
}

/// `MMDDhhmm`
std::string interval_text(std::chrono::seconds length) {
    const std::int64_t minutes = length.count() / 60;
    return fmt::format("00{:02}{:02}{:02}", minutes / 1440, minutes / 60 % 24, minutes % 60);
}

/// Commas cannot be quoted, and nothing else may break a line.
std::string field(const std::string& text) {
    std::string clean = text;
    std::replace_if(
        clean.begin(), clean.end(),
        [](unsigned char one) { return one == ',' || one < ' ' || one == 0x7F; }, '_');
    return clean;
}

class Cmep final : public Encoder {
  public:
    explicit Cmep(const FileFacts& facts) : facts_(facts) {}

    std::string begin() override { return {}; }
    std::string rows(const RowsOf& of, const std::vector<Row>& rows) override {
        std::string text = of == of_ ? "" : flush();
        of_ = of;
        for (const Row& row : rows) {
            take(row);
            if (triples_.size() == triples_max) {
                text += flush();
            }
        }
        return text;
    }
    std::string end() override { return flush(); }

  private:
    /// What does not fill its slot, or more than it, is no value of an interval: such slots are
    /// left out, and the registers have their energy. What a laboratory recorded is nobody's bill.
    void take(const Row& row) {
        if (row.flags.has(Flag::test)) {
            return;
        }
        if (row.reg) {
            register_ = Triple{row.end, 'R', *row.reg};
        }
        const bool whole = row.value && !row.flags.has(Flag::long_interval) &&
                           !row.flags.has(Flag::short_interval);
        if (whole) {
            const char quality = row.flags.has(Flag::edited)      ? 'A'
                                 : row.flags.has(Flag::estimated) ? 'E'
                                                                  : 'R';
            triples_.push_back({row.end, quality, *row.value});
        }
    }
    std::string flush() {
        std::string text;
        const std::string unit(cmep_unit(of_.quantity));
        if (!triples_.empty()) {
            text += line(unit, interval_text(of_.length), triples_);
        }
        if (register_) {
            text += line(unit + "REG", "", {*register_});
        }
        triples_.clear();
        register_.reset();
        return text;
    }
    [[nodiscard]] std::string line(const std::string& unit, const std::string& interval,
                                   const std::vector<Triple>& triples) const {
        std::string text =
            fmt::format("MEPMD01,20080501,{},,{},,{},{},OK,E,{},1.0,{},{}", field(facts_.gateway),
                        field(facts_.receiver), stamp(facts_.made), field(of_.meter), unit,
                        interval, triples.size());
        for (const Triple& triple : triples) {
            text += fmt::format(",{},{}0,{}", stamp(triple.end), triple.quality,
                                decimal_text(triple.value));
        }
        return text + "\r\n";
    }

    FileFacts facts_;
    RowsOf of_;
    std::vector<Triple> triples_;
    std::optional<Triple> register_;  ///< the last one
};

}  // namespace

std::string_view cmep_unit(Quantity quantity) {
    switch (quantity) {
        case Quantity::energy_delivered:
            return "KWH";
        case Quantity::energy_received:
            return "GKWH";
        case Quantity::apparent_energy_arithmetic:
        case Quantity::apparent_energy_vector:
            return "KVAH";
        default:
            return "KVARH";
    }
}

std::unique_ptr<Encoder> make_cmep(const FileFacts& facts) {
    return std::make_unique<Cmep>(facts);
}

}  // namespace metergate::northbound::formats

#include "config/schema/csv.hpp"
#include "config/schema/utc_text.hpp"
#include "northbound/formats/encoders.hpp"
#include "northbound/formats/rows.hpp"

namespace metergate::northbound::formats {
namespace {

class Csv final : public Encoder {
  public:
    explicit Csv(Id gateway) : gateway_(std::move(gateway)) {}

    std::string begin() override {
        return schema::csv_row({"gateway", "panel", "point", "meter_id", "suite", "series", "start",
                                "end", "value", "register", "unit", "quality", "revision", "origin",
                                "uncertainty"});
    }
    std::string rows(const RowsOf& of, const std::vector<Row>& rows) override {
        const std::string unit(facts_of(of.quantity).unit);
        std::string text;
        for (const Row& row : rows) {
            text += schema::csv_row({gateway_, of.panel, of.point, of.meter, of.suite, of.series,
                                     schema::utc_text(row.start), schema::utc_text(row.end),
                                     decimal_or_nothing(row.value), decimal_or_nothing(row.reg),
                                     unit, quality_text(row),
                                     row.revision ? std::to_string(*row.revision) : "", row.origin,
                                     decimal_or_nothing(row.uncertainty)});
        }
        return text;
    }
    std::string end() override { return {}; }

  private:
    Id gateway_;
};

}  // namespace

std::unique_ptr<Encoder> make_csv(const FileFacts& facts) {
    return std::make_unique<Csv>(facts.gateway);
}

}  // namespace metergate::northbound::formats

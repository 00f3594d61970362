#include "config/schema/json.hpp"
#include "config/schema/utc_text.hpp"
#include "northbound/formats/encoders.hpp"
#include "northbound/formats/rows.hpp"

namespace metergate::northbound::formats {
namespace {

using schema::Json;

Json text_or_null(const std::string& text) {
    return text.empty() ? Json() : Json::of(text);
}

class Ndjson final : public Encoder {
  public:
    explicit Ndjson(Id gateway) : gateway_(std::move(gateway)) {}

    std::string begin() override { return {}; }
    std::string rows(const RowsOf& of, const std::vector<Row>& rows) override {
        std::string text;
        for (const Row& row : rows) {
            text += schema::write_compact(object_of(of, row)) + "\n";
        }
        return text;
    }
    std::string end() override { return {}; }

  private:
    [[nodiscard]] Json object_of(const RowsOf& of, const Row& row) const {
        Json json = Json::object();
        json.set("gateway", gateway_).set("panel", of.panel).set("point", of.point);
        json.set("meter_id", of.meter).set("suite", text_or_null(of.suite));
        json.set("series", of.series).set("start", schema::utc_text(row.start));
        json.set("end", schema::utc_text(row.end));
        json.set("value", text_or_null(decimal_or_nothing(row.value)));
        json.set("register", text_or_null(decimal_or_nothing(row.reg)));
        json.set("unit", std::string(facts_of(of.quantity).unit));
        json.set("quality", text_or_null(quality_text(row)));
        json.set("revision", row.revision ? Json::of(*row.revision) : Json());
        json.set("origin", text_or_null(row.origin));
        json.set("uncertainty", text_or_null(decimal_or_nothing(row.uncertainty)));
        return json;
    }

    Id gateway_;
};

}  // namespace

std::unique_ptr<Encoder> make_ndjson(const FileFacts& facts) {
    return std::make_unique<Ndjson>(facts.gateway);
}

}  // namespace metergate::northbound::formats

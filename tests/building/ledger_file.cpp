#include <fmt/format.h>

#include <istream>
#include <map>
#include <ostream>
#include <utility>

#include "config/schema/json.hpp"
#include "tests/building/ledger.hpp"

namespace metergate::building {
namespace {

using schema::Json;

constexpr schema::ParseOptions line_limits{
    .comments = false, .depth_max = 4, .size_max = 1024UL * 1024};

Json line_of(std::string_view kind) {
    Json line = Json::object();
    line.set("kind", kind);
    return line;
}

void write_line(std::ostream& out, const Json& line) {
    out << schema::write_compact(line) << '\n';
}

Json run_line(const RunFacts& run) {
    Json line = line_of("run");
    line.set("laboratory", run.laboratory).set("poll_period_ms", run.poll_period_ms);
    line.set("series", run.series).set("zone", run.zone);
    return line;
}

Json panel_line(const PanelFacts& facts) {
    Json line = line_of("panel");
    line.set("panel", facts.id).set("line", facts.line).set("points", facts.points);
    line.set("resolution_wh", facts.resolution_wh).set("modulus_wh", facts.modulus_wh);
    line.set("float_registers", facts.float_registers);
    line.set("log_slots", facts.log_slots);
    line.set("log_onward_only", facts.log_onward_only);
    return line;
}

Json served_line(const PanelHistory& history, const ServedRow& row) {
    Json registers = Json::array();
    for (std::size_t i = 0; i < row.count; ++i) {
        registers.push(history.registers[row.first_value + i]);
    }
    Json line = line_of("served");
    line.set("panel", history.facts.id)
        .set("at_ms", epoch_ms(row.at))
        .set("first", row.first_point);
    line.set("registers_wh", std::move(registers)).set("certain", row.certain);
    return line;
}

Json truth_line(const PanelHistory& history, std::size_t index) {
    const std::size_t width = history.facts.points.size();
    Json energies = Json::array();
    for (std::size_t i = 0; i < width; ++i) {
        energies.push(history.truth_mwh[index * width + i]);
    }
    Json line = line_of("truth");
    line.set("panel", history.facts.id).set("at_ms", epoch_ms(history.truth_at[index]));
    line.set("energy_mwh", std::move(energies));
    return line;
}

Json logged_line(const PanelHistory& history, std::size_t index) {
    const std::size_t width = history.facts.points.size();
    Json registers = Json::array();
    for (std::size_t i = 0; i < width; ++i) {
        registers.push(history.logged_wh[index * width + i]);
    }
    Json line = line_of("logged");
    line.set("panel", history.facts.id).set("at_ms", epoch_ms(history.logged[index].at));
    line.set("end_s", epoch_s(history.logged[index].end));
    line.set("number", history.logged[index].number);
    line.set("registers_wh", std::move(registers));
    return line;
}

Json fault_line(const PlannedFault& fault) {
    Json line = line_of("fault");
    line.set("fault", name_of(fault.kind)).set("target", fault.target);
    line.set("from_ms", epoch_ms(fault.from)).set("until_ms", epoch_ms(fault.until));
    line.set("ms", fault.ms);
    return line;
}

/// Reads one line after the other into a ledger.
class LedgerReader {
  public:
    [[nodiscard]] Result<void> take(const Json& line);
    [[nodiscard]] Ledger ledger() && { return std::move(ledger_); }

  private:
    void take_run(const Json& line);
    void take_wire(const Json& line);
    [[nodiscard]] Result<void> take_panel(const Json& line);
    [[nodiscard]] Result<void> take_rows(const Json& line, std::string_view kind);
    [[nodiscard]] Result<void> take_fault(const Json& line);

    Ledger ledger_;
    std::map<Id, std::size_t, std::less<>> panels_;
};

Error bad(std::string text) {
    return {Fault::invalid, std::move(text)};
}

void LedgerReader::take_run(const Json& line) {
    RunFacts run;
    run.laboratory = line.bool_at("laboratory").value_or(false);
    run.poll_period_ms = line.integer_at("poll_period_ms").value_or(run.poll_period_ms);
    const Json* series = line.find("series");
    if (series != nullptr && series->as_array() != nullptr) {
        for (const Json& code : *series->as_array()) {
            run.series.push_back(code.as_string() != nullptr ? *code.as_string() : "");
        }
    }
    if (const std::string* zone = line.string_at("zone")) {
        run.zone = *zone;
    }
    ledger_.set_run(std::move(run));
}

void LedgerReader::take_wire(const Json& line) {
    const auto count = [&line](std::string_view key) {
        return static_cast<std::uint64_t>(line.integer_at(key).value_or(0));
    };
    WireFacts facts;
    const std::string* id = line.string_at("line");
    facts.line = id != nullptr ? *id : "";
    facts.requests = count("requests");
    facts.short_silences = count("short_silences");
    facts.overlaps = count("overlaps");
    ledger_.wire(std::move(facts));
}

Result<void> LedgerReader::take_panel(const Json& line) {
    const std::string* id = line.string_at("panel");
    const std::string* of_line = line.string_at("line");
    const Json* points = line.find("points");
    const auto resolution = line.integer_at("resolution_wh");
    const auto modulus = line.integer_at("modulus_wh");
    const bool whole = id != nullptr && of_line != nullptr && points != nullptr &&
                       points->as_array() != nullptr && resolution.value_or(0) > 0 &&
                       modulus.value_or(0) > 0;
    if (!whole) {
        return bad("a panel needs panel, line, points, resolution_wh and modulus_wh");
    }
    PanelFacts facts;
    facts.id = *id;
    facts.line = *of_line;
    facts.resolution_wh = *resolution;
    facts.modulus_wh = *modulus;
    facts.float_registers = line.bool_at("float_registers").value_or(false);
    facts.log_slots = line.integer_at("log_slots").value_or(0);
    facts.log_onward_only = line.bool_at("log_onward_only").value_or(false);
    for (const Json& point : *points->as_array()) {
        if (point.as_string() == nullptr) {
            return bad("points: not a list of ids");
        }
        facts.points.push_back(*point.as_string());
    }
    panels_[facts.id] = ledger_.add_panel(facts);
    return {};
}

Result<void> LedgerReader::take_rows(const Json& line, std::string_view kind) {
    const bool served = kind == "served";
    const bool logged = kind == "logged";
    const std::string* id = line.string_at("panel");
    const auto panel = id != nullptr ? panels_.find(*id) : panels_.end();
    const auto at_ms = line.integer_at("at_ms");
    const Json* values = line.find(kind == "truth" ? "energy_mwh" : "registers_wh");
    const auto end_s = logged ? line.integer_at("end_s") : at_ms;
    if (panel == panels_.end() || !at_ms || values == nullptr || values->as_array() == nullptr) {
        return bad("no panel that is known, no at_ms or no values");
    }
    if (!end_s) {
        return bad("no end_s");
    }
    std::vector<std::int64_t> numbers;
    for (const Json& value : *values->as_array()) {
        if (value.as_integer() == nullptr) {
            return bad("values: not a list of integers");
        }
        numbers.push_back(*value.as_integer());
    }
    const std::size_t points = ledger_.panels()[panel->second].facts.points.size();
    const auto first = static_cast<std::size_t>(line.integer_at("first").value_or(0));
    if (first > points || numbers.size() > points - first ||
        (!served && numbers.size() != points)) {
        return bad("values: not as many as the panel has points");
    }
    if (served) {
        ledger_.served(panel->second, utc_from_ms(*at_ms), first, numbers,
                       line.bool_at("certain").value_or(true));
    } else if (logged) {
        const auto number = static_cast<std::uint32_t>(line.integer_at("number").value_or(0));
        ledger_.logged(panel->second, {utc_from_ms(*at_ms), utc_from_s(*end_s), number}, numbers);
    } else {
        ledger_.truth(panel->second, utc_from_ms(*at_ms), numbers);
    }
    return {};
}

Result<void> LedgerReader::take_fault(const Json& line) {
    const std::string* word = line.string_at("fault");
    const auto kind = word != nullptr ? fault_kind_named(*word) : std::nullopt;
    const std::string* target = line.string_at("target");
    const auto from = line.integer_at("from_ms");
    const auto until = line.integer_at("until_ms");
    if (!kind || target == nullptr || !from || !until) {
        return bad("a fault needs fault, target, from_ms and until_ms");
    }
    PlannedFault fault;
    fault.kind = *kind;
    fault.target = *target;
    fault.from = utc_from_ms(*from);
    fault.until = utc_from_ms(*until);
    fault.ms = line.integer_at("ms").value_or(0);
    if (fault.kind == FaultKind::clock_step) {
        ledger_.clock_step({fault.from, std::chrono::milliseconds{fault.ms}});
    }
    ledger_.fault(std::move(fault));
    return {};
}

Result<void> LedgerReader::take(const Json& line) {
    const std::string* kind = line.string_at("kind");
    if (kind == nullptr) {
        return bad("no kind");
    }
    if (*kind == "panel") {
        return take_panel(line);
    }
    if (*kind == "served" || *kind == "truth" || *kind == "logged") {
        return take_rows(line, *kind);
    }
    if (*kind == "fault") {
        return take_fault(line);
    }
    if (*kind == "wire") {
        take_wire(line);
        return {};
    }
    if (*kind == "run") {
        take_run(line);
        return {};
    }
    return bad("kind \"" + *kind + "\" is not known");
}

}  // namespace

void LedgerWriter::write_new(const Ledger& ledger, std::ostream& out, UtcTime written_until) {
    const auto& panels = ledger.panels();
    if (!began_) {
        write_line(out, run_line(ledger.run()));
        began_ = true;
    }
    for (std::size_t i = progress_.size(); i < panels.size(); ++i) {
        write_line(out, panel_line(panels[i].facts));
        progress_.emplace_back();
    }
    for (; faults_ < ledger.faults().size(); ++faults_) {
        write_line(out, fault_line(ledger.faults()[faults_]));
    }
    for (std::size_t i = 0; i < panels.size(); ++i) {
        Progress& done = progress_[i];
        for (; done.rows < panels[i].rows.size() && panels[i].rows[done.rows].at < written_until;
             ++done.rows) {
            write_line(out, served_line(panels[i], panels[i].rows[done.rows]));
        }
        for (; done.truths < panels[i].truth_at.size(); ++done.truths) {
            write_line(out, truth_line(panels[i], done.truths));
        }
        for (; done.logged < panels[i].logged.size(); ++done.logged) {
            write_line(out, logged_line(panels[i], done.logged));
        }
    }
    for (; wires_ < ledger.wires().size(); ++wires_) {
        const WireFacts& facts = ledger.wires()[wires_];
        Json line = line_of("wire");
        line.set("line", facts.line).set("requests", facts.requests);
        line.set("short_silences", facts.short_silences).set("overlaps", facts.overlaps);
        write_line(out, line);
    }
}

Result<Ledger> read_ledger(std::istream& in) {
    LedgerReader reader;
    std::string text;
    for (std::size_t number = 1; std::getline(in, text); ++number) {
        const auto line = schema::parse_json(text, line_limits);
        if (!line) {
            return line.error().within(fmt::format("ledger line {}", number));
        }
        if (auto taken = reader.take(*line); !taken) {
            return taken.error().within(fmt::format("ledger line {}", number));
        }
    }
    return std::move(reader).ledger();
}

}  // namespace metergate::building

#include <fmt/format.h>

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/app/commands.hpp"
#include "gateway/app/console.hpp"
#include "gateway/control/client.hpp"
#include "gateway/metering/local_time.hpp"
#include "northbound/native_encoder.hpp"

/// `metergate history`: asks for page after page and prints each as it comes.
namespace metergate::app {
namespace {

using northbound::decimal_text;
using schema::Json;

constexpr int answer_timeout_ms = 30'000;
constexpr int rows_per_page = 5000;

/// One row of a page; the order of its columns is part of the method.
struct Slot {
    UtcSeconds start;
    UtcSeconds end;
    std::optional<Milli> value;
    std::optional<Milli> reg;
    std::vector<std::string> flags;
    std::optional<std::int64_t> revision;  ///< absent: there is no record of the slot
    std::string origin;
    std::optional<Milli> uncertainty;
};

std::optional<std::int64_t> integer_of(const Json& value) {
    const auto* integer = value.as_integer();
    return integer == nullptr ? std::nullopt : std::optional(*integer);
}

std::optional<Slot> slot_of(const Json& row) {
    const auto* columns = row.as_array();
    if (columns == nullptr || columns->size() < 8 || (*columns)[0].as_integer() == nullptr ||
        (*columns)[1].as_integer() == nullptr || (*columns)[4].as_array() == nullptr) {
        return std::nullopt;
    }
    Slot slot{utc_from_s(*(*columns)[0].as_integer()),
              utc_from_s(*(*columns)[1].as_integer()),
              integer_of((*columns)[2]),
              integer_of((*columns)[3]),
              {},
              integer_of((*columns)[5]),
              {},
              integer_of((*columns)[7])};
    for (const Json& flag : *(*columns)[4].as_array()) {
        slot.flags.push_back(flag.as_string() == nullptr ? "?" : *flag.as_string());
    }
    const auto* origin = (*columns)[6].as_string();
    slot.origin = origin == nullptr ? "" : *origin;
    return slot;
}

std::string decimal_or(const std::optional<Milli>& value, const char* otherwise) {
    return value ? decimal_text(*value) : otherwise;
}

std::string joined(const std::vector<std::string>& words, char between) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : std::string(1, between)) + word;
    }
    return text;
}

/// Prints slots in one of the forms.
class Printer {
  public:
    Printer(HistoryForm form, std::string unit, metering::LocalTime site)
        : form_(form), unit_(std::move(unit)), site_(site) {}

    void begin(const Json& page) {
        if (form_ == HistoryForm::csv) {
            print("start,end,value,unit,register,flags,revision,origin,uncertainty\n");
        } else if (form_ == HistoryForm::json) {
            print("[");
        } else {
            print(*page.string_at("point") + ", " + *page.string_at("series") + ", times of " +
                  *page.string_at("zone") + "\n" +
                  fmt::format("{:<25}  {:<25}  {:>12}  {:>14}  {:>3}  {}\n", "start", "end", unit_,
                              "register", "rev", "flags"));
        }
    }
    void slot(const Slot& slot) {
        if (form_ == HistoryForm::csv) {
            csv(slot);
        } else if (form_ == HistoryForm::json) {
            json(slot);
        } else {
            text(slot);
        }
        ++count_;
    }
    void end() {
        if (form_ == HistoryForm::json) {
            print(count_ == 0 ? "]\n" : "\n]\n");
        }
    }

  private:
    void csv(const Slot& slot) {
        print(fmt::format("{},{},{},{},{},{},{},{},{}\n", site_.text(slot.start),
                          site_.text(slot.end), decimal_or(slot.value, ""), unit_,
                          decimal_or(slot.reg, ""), joined(slot.flags, '|'),
                          slot.revision ? std::to_string(*slot.revision) : "", slot.origin,
                          decimal_or(slot.uncertainty, "")));
    }
    void json(const Slot& slot) {
        const auto decimal = [](const std::optional<Milli>& value) {
            return value ? Json::of(decimal_text(*value)) : Json();
        };
        print(count_ == 0 ? "\n" : ",\n");
        print(schema::write_compact(
            Json::object()
                .set("start", site_.text(slot.start))
                .set("end", site_.text(slot.end))
                .set("value", decimal(slot.value))
                .set("unit", unit_)
                .set("register", decimal(slot.reg))
                .set("flags", Json::of(slot.flags))
                .set("revision", slot.revision ? Json::of(*slot.revision) : Json())
                .set("origin", slot.origin.empty() ? Json() : Json::of(slot.origin))
                .set("uncertainty", decimal(slot.uncertainty))));
    }
    void text(const Slot& slot) {
        const std::string flags = joined(slot.flags, ' ');
        print(fmt::format("{:<25}  {:<25}  {:>12}  {:>14}  {:>3}  {}\n", site_.text(slot.start),
                          site_.text(slot.end), decimal_or(slot.value, "-"),
                          decimal_or(slot.reg, "-"),
                          slot.revision ? std::to_string(*slot.revision) : "-",
                          !slot.revision  ? "MISSING, no record"
                          : flags.empty() ? "-"
                                          : flags));
    }

    HistoryForm form_;
    std::string unit_;
    metering::LocalTime site_;
    std::size_t count_ = 0;
};

Json params_of(const HistoryRequest& request) {
    Json params = Json::object();
    params.set("point", request.point).set("limit", rows_per_page);
    for (const auto& [name, text] :
         {std::pair("series", &request.series), std::pair("from", &request.from),
          std::pair("to", &request.to)}) {
        if (!text->empty()) {
            params.set(name, *text);
        }
    }
    return params;
}

/// Prints the rows of one page. Error: damaged, if it is none.
Result<void> print_rows(const Json& page, Printer& printer) {
    const Json* rows = page.find("rows");
    if (rows == nullptr || rows->as_array() == nullptr) {
        return Error{Fault::damaged, "the gateway's answer has no rows"};
    }
    for (const Json& row : *rows->as_array()) {
        const auto slot = slot_of(row);
        if (!slot) {
            return Error{Fault::damaged, "the gateway's answer has a row of another form"};
        }
        printer.slot(*slot);
    }
    return {};
}

/// What is wrong with the history, on standard error, each once.
void complain_of_problems(const Json& page, std::set<std::string>& told) {
    const Json* problems = page.find("problems");
    for (const Json& problem : *problems->as_array()) {
        const std::string* text = problem.string_at("text");
        if (text != nullptr && told.insert(*text).second) {
            static_cast<void>(complain({Fault::damaged, *text}));
        }
    }
}

Result<Printer> printer_for(HistoryForm form, const Json& page) {
    for (const auto name : {"point", "series", "unit", "zone"}) {
        if (page.string_at(name) == nullptr) {
            return Error{Fault::damaged, "the gateway's answer has no " + std::string(name)};
        }
    }
    const Json* problems = page.find("problems");
    if (problems == nullptr || problems->as_array() == nullptr) {
        return Error{Fault::damaged, "the gateway's answer has no problems"};
    }
    const auto site = metering::LocalTime::make(*page.string_at("zone"));
    if (!site) {
        return site.error();
    }
    return Printer(form, *page.string_at("unit"), *site);
}

}  // namespace

Exit print_history(const Paths& paths, const HistoryRequest& request) {
    auto client = control::Client::connect(paths.socket);
    if (!client) {
        return complain_of_connection(client.error());
    }
    Json params = params_of(request);
    std::optional<Printer> printer;
    std::set<std::string> told;
    while (true) {
        const auto page = client->call("history", params, answer_timeout_ms);
        if (!page) {
            return complain(page.error());
        }
        auto made = printer_for(request.form, *page);
        if (!made) {
            return complain(made.error());
        }
        if (!printer) {
            printer.emplace(std::move(*made));
            printer->begin(*page);
            // Later pages are of the same times, however late it gets.
            params.set("from", page->integer_at("from_s").value_or(0));
            params.set("to", page->integer_at("to_s").value_or(0));
        }
        if (const auto printed = print_rows(*page, *printer); !printed) {
            return complain(printed.error());
        }
        complain_of_problems(*page, told);
        const std::string* next = page->string_at("next");
        if (next == nullptr) {
            break;
        }
        params.set("page", *next);
    }
    printer->end();
    return told.empty() ? Exit::ok : Exit::failed;
}

}  // namespace metergate::app

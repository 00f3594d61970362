#include <fmt/format.h>

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/app/commands.hpp"
#include "gateway/app/console.hpp"
#include "gateway/app/history_client.hpp"
#include "gateway/metering/local_time.hpp"
#include "northbound/native_encoder.hpp"

/// `metergate history`: asks for page after page and prints each as it comes.
namespace metergate::app {
namespace {

using northbound::decimal_text;
using schema::Json;

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

    void begin(const HistoryHead& head) {
        if (form_ == HistoryForm::csv) {
            print("start,end,value,unit,register,flags,revision,origin,uncertainty\n");
        } else if (form_ == HistoryForm::json) {
            print("[");
        } else {
            print(head.point + ", " + head.series + ", times of " + head.zone + "\n" +
                  fmt::format("{:<25}  {:<25}  {:>12}  {:>14}  {:>3}  {}\n", "start", "end", unit_,
                              "register", "rev", "flags"));
        }
    }
    void slot(const HistorySlot& slot) {
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
    void csv(const HistorySlot& slot) {
        print(fmt::format("{},{},{},{},{},{},{},{},{}\n", site_.text(slot.start),
                          site_.text(slot.end), decimal_or(slot.value, ""), unit_,
                          decimal_or(slot.reg, ""), joined(slot.flags, '|'),
                          slot.revision ? std::to_string(*slot.revision) : "", slot.origin,
                          decimal_or(slot.uncertainty, "")));
    }
    void json(const HistorySlot& slot) {
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
    void text(const HistorySlot& slot) {
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
    params.set("point", request.point);
    for (const auto& [name, text] :
         {std::pair("series", &request.series), std::pair("from", &request.from),
          std::pair("to", &request.to)}) {
        if (!text->empty()) {
            params.set(name, *text);
        }
    }
    return params;
}

Result<Printer> printer_for(HistoryForm form, const HistoryHead& head) {
    const auto site = metering::LocalTime::make(head.zone);
    if (!site) {
        return site.error();
    }
    return Printer(form, head.unit, *site);
}

}  // namespace

Exit print_history(const Paths& paths, const HistoryRequest& request) {
    auto client = control::Client::connect(paths.socket);
    if (!client) {
        return complain_of_connection(client.error());
    }
    std::optional<Printer> printer;
    std::set<std::string> problems;
    const auto print_page = [&](const HistoryHead& head,
                                const std::vector<HistorySlot>& slots) -> Result<void> {
        if (!printer) {
            auto made = printer_for(request.form, head);
            if (!made) {
                return made.error();
            }
            printer.emplace(std::move(*made));
            printer->begin(head);
        }
        for (const HistorySlot& slot : slots) {
            printer->slot(slot);
        }
        return {};
    };
    const auto done = read_history(*client, params_of(request), print_page, problems);
    for (const std::string& problem : problems) {
        static_cast<void>(complain({Fault::damaged, problem}));
    }
    if (!done) {
        return complain(done.error());
    }
    printer->end();
    return problems.empty() ? Exit::ok : Exit::failed;
}

}  // namespace metergate::app

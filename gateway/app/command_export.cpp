#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "gateway/app/commands.hpp"
#include "gateway/app/console.hpp"
#include "gateway/app/history_client.hpp"
#include "gateway/app/settings_source.hpp"
#include "gateway/model/clock.hpp"
#include "gateway/model/series.hpp"
#include "northbound/formats/encoder.hpp"

/// `metergate export`: history of many points in one of the formats of files.
namespace metergate::app {
namespace {

namespace formats = northbound::formats;
using schema::Json;

/// A file that appears under its name when all of it is there, or standard output.
class Output {
  public:
    explicit Output(std::string path) : path_(std::move(path)) {
        if (!path_.empty()) {
            file_.reset(std::fopen(part().c_str(), "wb"));
        }
    }
    ~Output() {
        if (file_) {
            file_.reset();
            std::remove(part().c_str());
        }
    }
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    [[nodiscard]] Result<void> write(const std::string& text) {
        if (!path_.empty() && !file_) {
            return fault();
        }
        std::FILE* file = path_.empty() ? stdout : file_.get();
        return std::fwrite(text.data(), 1, text.size(), file) == text.size() ? Result<void>{}
                                                                             : fault();
    }
    [[nodiscard]] Result<void> finish() {
        if (path_.empty()) {
            return std::fflush(stdout) == 0 ? Result<void>{} : fault();
        }
        const bool written = std::fflush(file_.get()) == 0 && fsync(fileno(file_.get())) == 0 &&
                             std::rename(part().c_str(), path_.c_str()) == 0;
        if (!written) {
            return fault();
        }
        file_.reset();
        return {};
    }

  private:
    struct Close {
        void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
    };
    /// Two exports into one file do not meet before the end.
    [[nodiscard]] std::string part() const {
        return path_ + "." + std::to_string(getpid()) + ".part";
    }
    [[nodiscard]] Error fault() const {
        return {Fault::disconnected, (path_.empty() ? "standard output" : path_) + ": " +
                                         std::generic_category().message(errno)};
    }

    std::string path_;
    std::unique_ptr<std::FILE, Close> file_;
};

bool is_asked_for(const std::vector<std::string>& names, const std::string& name) {
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

/// The multi-point panels have one serial number for all their points; the point's id is unique.
std::string meter_of(const schema::PanelSettings& panel, const schema::PointSettings& point) {
    return panel.points.size() == 1 && !panel.serial.empty() ? panel.serial : point.id;
}

std::vector<formats::RowsOf> wanted_of(const schema::Settings& settings,
                                       const ExportRequest& request) {
    std::vector<formats::RowsOf> wanted;
    for (const auto& line : settings.lines) {
        for (const auto& panel : line.panels) {
            for (const auto& point : panel.points) {
                const auto& codes = point.series.empty() ? settings.recording.series : point.series;
                for (const std::string& code : codes) {
                    const auto series = series_from_code(code);
                    if (series && is_asked_for(request.points, point.id) &&
                        is_asked_for(request.series, code)) {
                        wanted.push_back({panel.id, point.id, meter_of(panel, point), point.suite,
                                          code, series->quantity, series->length});
                    }
                }
            }
        }
    }
    return wanted;
}

/// The first of `names` that none of `wanted` has; empty if all are there.
std::string missing_among(const std::vector<std::string>& names,
                          const std::vector<formats::RowsOf>& wanted,
                          std::string formats::RowsOf::*member) {
    for (const std::string& name : names) {
        if (std::none_of(wanted.begin(), wanted.end(),
                         [&](const formats::RowsOf& of) { return of.*member == name; })) {
            return name;
        }
    }
    return {};
}

/// Two series that a reader of CMEP would take for one, and count twice; empty if there are none.
std::string alike_in_cmep(const std::vector<formats::RowsOf>& wanted) {
    std::map<std::pair<std::string, std::string_view>, const formats::RowsOf*> seen;
    for (const formats::RowsOf& of : wanted) {
        const auto [first, is_new] =
            seen.emplace(std::pair(of.meter, formats::cmep_unit(of.quantity)), &of);
        if (!is_new) {
            return first->second->series + " and " + of.series + " of " + of.point;
        }
    }
    return {};
}

Flags flags_named(const std::vector<std::string>& names) {
    constexpr unsigned bits = 32;
    Flags flags;
    for (unsigned bit = 0; bit < bits; ++bit) {
        const Flags one = Flags::from_bits(1U << bit);
        const std::vector<std::string> name = names_of(one);
        if (!name.empty() && std::find(names.begin(), names.end(), name.front()) != names.end()) {
            flags |= one;
        }
    }
    return flags;
}

std::vector<formats::Row> rows_of(const std::vector<HistorySlot>& slots) {
    std::vector<formats::Row> rows;
    rows.reserve(slots.size());
    for (const HistorySlot& slot : slots) {
        rows.push_back({slot.start, slot.end, slot.value, slot.reg, flags_named(slot.flags),
                        slot.revision, slot.origin, slot.uncertainty});
    }
    return rows;
}

/// Everything that is wanted, from the gateway into the file.
class Export {
  public:
    Export(control::Client& client, formats::Encoder& encoder, Output& output,
           const ExportRequest& request)
        : client_(client), encoder_(encoder), output_(output) {
        for (const auto& [name, text] :
             {std::pair("from", &request.from), std::pair("to", &request.to)}) {
            if (!text->empty()) {
                params_.set(name, *text);
            }
        }
    }

    [[nodiscard]] Result<void> run(const std::vector<formats::RowsOf>& wanted) {
        if (const auto begun = output_.write(encoder_.begin()); !begun) {
            return begun.error();
        }
        for (const formats::RowsOf& of : wanted) {
            const auto done = add(of);
            if (!done && done.error().fault != Fault::not_found) {
                return done.error().within(of.point + " " + of.series);
            }
            if (!done) {
                notes.insert(of.point + " " + of.series + ": nothing was recorded yet");
            }
        }
        if (const auto ended = output_.write(encoder_.end()); !ended) {
            return ended.error();
        }
        return output_.finish();
    }

    std::set<std::string> problems;  ///< what is wrong with the history
    std::set<std::string> notes;

  private:
    [[nodiscard]] Result<void> add(const formats::RowsOf& of) {
        Json params = params_;
        params.set("point", of.point).set("series", of.series);
        return read_history(
            client_, params,
            [&](const HistoryHead& head, const std::vector<HistorySlot>& slots) {
                // All points are of the same times, however long it takes.
                params_.set("from", epoch_s(head.from)).set("to", epoch_s(head.to));
                return output_.write(encoder_.rows(of, rows_of(slots)));
            },
            problems);
    }

    control::Client& client_;
    formats::Encoder& encoder_;
    Output& output_;
    Json params_ = Json::object();
};

}  // namespace

Exit export_history(const Paths& paths, const ExportRequest& request) {
    const auto settings = load_checked(paths);
    if (!settings) {
        static_cast<void>(complain(settings.error()));
        return Exit::bad_settings;
    }
    const std::vector<formats::RowsOf> wanted = wanted_of(*settings, request);
    const std::string point = missing_among(request.points, wanted, &formats::RowsOf::point);
    const std::string series = missing_among(request.series, wanted, &formats::RowsOf::series);
    if (!point.empty() || !series.empty()) {
        return complain({Fault::not_found, !point.empty()
                                               ? "there is no point \"" + point + "\" with that"
                                               : "no point has the series \"" + series + "\""});
    }
    if (const std::string both = request.format == "cmep" ? alike_in_cmep(wanted) : "";
        !both.empty()) {
        return complain({Fault::invalid,
                         "CMEP cannot tell " + both + " apart: name one of them with --series"});
    }
    auto client = control::Client::connect(paths.socket);
    if (!client) {
        return complain_of_connection(client.error());
    }
    const auto encoder = formats::make_encoder(
        request.format, {settings->gateway.id, request.receiver,
                         std::chrono::floor<std::chrono::seconds>(SystemClock().utc())});
    Output output(request.output);
    Export work(*client, *encoder, output, request);
    const auto done = work.run(wanted);
    for (const auto& texts : {work.problems, work.notes}) {
        for (const std::string& text : texts) {
            static_cast<void>(complain({Fault::damaged, text}));
        }
    }
    if (!done) {
        return complain(done.error());
    }
    return work.problems.empty() ? Exit::ok : Exit::failed;
}

}  // namespace metergate::app

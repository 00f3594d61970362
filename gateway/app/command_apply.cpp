#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/disk.hpp"
#include "config/document.hpp"
#include "config/schema/settings_tables.hpp"
#include "gateway/app/apply_plan.hpp"
#include "gateway/app/commands.hpp"
#include "gateway/app/profile_facts.hpp"
#include "gateway/app/waiter.hpp"
#include "gateway/control/client.hpp"
#include "gateway/model/clock.hpp"

/// `metergate apply`: new settings for the gateway that runs, or for the next start.
namespace metergate::app {
namespace {

using schema::Json;

/// Ending a line takes 2 s, a commit on worn flash some more.
constexpr int apply_timeout_ms = 60'000;
/// A port that cannot be opened is known by then.
constexpr Duration look_for = std::chrono::seconds{3};

void say(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fputc('\n', stdout);
}

Exit complain(const Error& error) {
    std::fputs((error.text + "\n").c_str(), stderr);
    return error.fault == Fault::invalid ? Exit::bad_settings : Exit::failed;
}

/// The items of a list of texts in an answer.
std::vector<std::string> texts_in(const Json& answer, std::string_view key) {
    std::vector<std::string> texts;
    if (const Json* list = answer.find(key); list != nullptr && list->as_array() != nullptr) {
        for (const Json& item : *list->as_array()) {
            texts.push_back(item.as_string() == nullptr ? "" : *item.as_string());
        }
    }
    return texts;
}

std::optional<schema::Settings> read_new_settings(const std::string& file) {
    config::SystemDisk disk;
    const ProfileFactsBook facts;
    auto loaded = config::load(disk, file, facts);
    for (const auto& problem : loaded.problems) {
        std::fputs(("error: " + schema::text_of(problem) + "\n").c_str(), stderr);
    }
    for (const auto& warning : loaded.warnings) {
        std::fputs(("warning: " + schema::text_of(warning) + "\n").c_str(), stderr);
    }
    if (loaded.state != config::DocumentState::good) {
        std::fputs((file + ": nothing was applied\n").c_str(), stderr);
        return std::nullopt;
    }
    return std::move(loaded.settings);
}

void print_differences(const std::vector<std::string>& differences) {
    for (const std::string& difference : differences) {
        say("  " + difference);
    }
    if (differences.empty()) {
        say("no differences");
    }
}

// ---- without a daemon

Exit save_only(const Paths& paths, const ApplyOptions& options, const schema::Settings& wanted) {
    config::SystemDisk disk;
    const ProfileFactsBook facts;
    const auto present = config::load(disk, paths.settings, facts);
    if (present.state == config::DocumentState::good) {
        std::vector<std::string> texts;
        for (const auto& difference : config::differences(present.settings, wanted)) {
            texts.push_back(config::text_of(difference));
        }
        print_differences(texts);
    } else {
        say(paths.settings + " cannot be compared with: it is missing or has errors");
    }
    if (!options.drop_cursors.empty()) {
        std::fputs("no gateway is running: a cursor can only be dropped while it runs\n", stderr);
        return Exit::no_daemon;
    }
    if (options.dry_run) {
        return Exit::ok;
    }
    const auto saved = config::apply_canonical(disk, paths.settings, paths.data, wanted);
    if (!saved) {
        return complain(saved.error());
    }
    say(saved->report);
    say("no gateway is running: the settings take effect when it starts");
    return Exit::ok;
}

// ---- with a daemon

Json request_of(const schema::Settings& wanted, bool dry_run,
                const std::vector<std::string>& drop_cursors) {
    return Json::object()
        .set("settings", schema::settings_to_json(wanted))
        .set("dry_run", dry_run)
        .set("drop_cursors", Json::of(drop_cursors));
}

bool confirms(const std::string& question) {
    if (isatty(STDIN_FILENO) == 0) {
        return false;
    }
    std::fputs((question + " [y/N] ").c_str(), stdout);
    std::fflush(stdout);
    const int answer = std::getchar();
    for (int rest = answer; rest != '\n' && rest != EOF;) {
        rest = std::getchar();
    }
    return answer == 'y' || answer == 'Y';
}

/// Asks about each destination that goes, unless the command line has said it.
void ask_about_cursors(const Json& preview, std::vector<std::string>& drop_cursors) {
    for (const std::string& id : texts_in(*preview.find("destinations"), "removed")) {
        const bool said =
            std::find(drop_cursors.begin(), drop_cursors.end(), id) != drop_cursors.end();
        if (!said && confirms("Destination " + id +
                              " goes. Drop its cursor, so that nothing is kept for it any more?")) {
            drop_cursors.push_back(id);
        }
    }
}

void print_preview(const Json& preview) {
    std::vector<std::string> texts;
    for (const Json& difference : *preview.find("differences")->as_array()) {
        texts.push_back(*difference.string_at("text"));
    }
    print_differences(texts);
}

void print_parts(std::string_view what, const Json& parts) {
    for (const std::string_view how : {"changed", "added", "removed"}) {
        for (const std::string& id : texts_in(parts, how)) {
            say(std::string(what) + " " + id + ": " +
                (how == "changed" ? std::string("made anew") : std::string(how)));
        }
    }
    say(std::to_string(texts_in(parts, "kept").size()) + " " + std::string(what) +
        "s run on untouched");
}

/// The fault of a line in a status; empty if it is up or not there.
std::string fault_of(const Json& status, const std::string& id) {
    for (const Json& line : *status.find("lines")->as_array()) {
        const std::string* fault = line.string_at("fault");
        if (*line.string_at("line") == id && fault != nullptr) {
            return *fault;
        }
    }
    return {};
}

/// Says which of the lines that were made anew do not come up.
void watch_lines(control::Client& client, std::vector<std::string> lines) {
    const SystemClock clock;
    const Waiter waiter(clock);
    for (const Instant end = clock.now() + look_for; !lines.empty() && clock.now() < end;) {
        waiter.wait(clock.now() + std::chrono::milliseconds{500});
        const auto status = client.call("status", Json::object(), apply_timeout_ms);
        if (!status) {
            return;
        }
        std::erase_if(lines, [&](const std::string& id) {
            const std::string fault = fault_of(*status, id);
            if (!fault.empty()) {
                say(std::string("line ").append(id).append(" is DOWN and goes on trying: ") +
                    fault);
            }
            return !fault.empty();
        });
    }
}

void print_result(const Json& result) {
    if (const std::string* saved = result.string_at("saved")) {
        say(*saved);
    }
    print_parts("line", *result.find("lines"));
    print_parts("destination", *result.find("destinations"));
    if (const std::string* modbus = result.string_at("modbus_gateway");
        modbus != nullptr && *modbus != "off" && *modbus != "kept") {
        say("modbus gateway: " + (*modbus == "changed" ? std::string("made anew") : *modbus));
    }
    for (const std::string& note : texts_in(result, "notes")) {
        say("note: " + note);
    }
}

Exit apply_running(control::Client& client, const ApplyOptions& options,
                   const schema::Settings& wanted) {
    auto drop_cursors = options.drop_cursors;
    const auto preview =
        client.call("apply", request_of(wanted, true, drop_cursors), apply_timeout_ms);
    if (!preview) {
        return complain(preview.error());
    }
    print_preview(*preview);
    const auto refusals = texts_in(*preview, "refusals");
    for (const std::string& refusal : refusals) {
        std::fputs(("refused: " + refusal + "\n").c_str(), stderr);
    }
    if (!refusals.empty()) {
        return Exit::failed;
    }
    if (options.dry_run) {
        return Exit::ok;
    }
    ask_about_cursors(*preview, drop_cursors);
    const auto result =
        client.call("apply", request_of(wanted, false, drop_cursors), apply_timeout_ms);
    if (!result) {
        return complain(result.error());
    }
    print_result(*result);
    auto begun = texts_in(*result->find("lines"), "changed");
    const auto added = texts_in(*result->find("lines"), "added");
    begun.insert(begun.end(), added.begin(), added.end());
    watch_lines(client, std::move(begun));
    return Exit::ok;
}

}  // namespace

Exit apply_settings(const Paths& paths, const ApplyOptions& options) {
    const auto wanted = read_new_settings(options.file);
    if (!wanted) {
        return Exit::bad_settings;
    }
    auto client = control::Client::connect(paths.socket);
    if (client) {
        return apply_running(*client, options, *wanted);
    }
    return client.error().fault == Fault::not_found ? save_only(paths, options, *wanted)
                                                    : complain(client.error());
}

}  // namespace metergate::app

#include "config/document.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "config/findings.hpp"
#include "config/schema/json.hpp"
#include "config/schema/settings_tables.hpp"
#include "config/sha256.hpp"

namespace metergate::config {
namespace {

using schema::Json;
using schema::Problem;
using schema::Problems;
using schema::Settings;

constexpr schema::ParseOptions settings_options{
    .comments = true, .depth_max = 32, .size_max = settings_size_max};

constexpr std::string_view checksum_mark = "// sha256 ";

Loaded failed(DocumentState state, std::string text, schema::Place place = {}) {
    Loaded loaded;
    loaded.state = state;
    loaded.problems.push_back({"", std::move(text), place});
    return loaded;
}

void add_places(Problems& problems, const Json& document) {
    for (Problem& problem : problems) {
        if (problem.place.line == 0) problem.place = place_of(document, problem.path);
    }
}

void append(Problems& problems, Problems more) {
    problems.insert(problems.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
}

/// In the order in which a person meets them in the file.
void sort_by_place(Problems& problems) {
    std::ranges::stable_sort(problems, [](const Problem& a, const Problem& b) {
        return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
    });
}

bool is_newer(const Json& document) {
    const auto version = document.integer_at("schema");
    return version && *version > schema::settings_schema;
}

Loaded check_document(const Json& document, const Facts& facts) {
    if (is_newer(document)) {
        return failed(DocumentState::invalid,
                      "schema " + std::to_string(*document.integer_at("schema")) +
                          " was written for a newer Metergate; this one knows schema " +
                          std::to_string(schema::settings_schema),
                      document.find("schema")->place());
    }
    auto read = schema::read_settings(document);
    CheckResult checked = check(read.settings, facts, read.problems);
    Loaded loaded;
    loaded.settings = std::move(read.settings);
    loaded.problems = std::move(read.problems);
    append(loaded.problems, std::move(checked.errors));
    loaded.warnings = std::move(checked.warnings);
    for (Problems* problems : {&loaded.problems, &loaded.warnings}) {
        add_places(*problems, document);
        sort_by_place(*problems);
    }
    loaded.state = loaded.problems.empty() ? DocumentState::good : DocumentState::invalid;
    return loaded;
}

Path last_good_file(const Path& data_folder) {
    return data_folder / "settings.last-good.json";
}

std::string with_checksum(const std::string& text) {
    return text + std::string(checksum_mark) + sha256_hex(text) + "\n";
}

std::string first_problem(const Loaded& loaded) {
    const std::size_t others = loaded.problems.size() - 1;
    return text_of(loaded.problems.front()) +
           (others == 0 ? "" : " and " + std::to_string(others) + " more");
}

std::string_view state_text(DocumentState state) {
    switch (state) {
        case DocumentState::missing:
            return "is missing";
        case DocumentState::unreadable:
            return "cannot be read";
        case DocumentState::damaged:
            return "is damaged";
        default:
            return "has errors";
    }
}

Result<Path> next_history_file(Disk& disk, const Path& folder) {
    constexpr std::string_view prefix = "settings-";
    constexpr std::size_t digits_min = 4;
    const auto names = disk.names_in(folder);
    if (!names) return names.error();
    unsigned last = 0;
    for (const std::string& name : *names) {
        unsigned number = 0;
        if (!name.starts_with(prefix)) continue;
        std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number);
        last = std::max(last, number);
    }
    const std::string number = std::to_string(last + 1);
    const std::string zeros(digits_min - std::min(digits_min, number.size()), '0');
    return folder / (std::string(prefix) + zeros + number + ".json");
}

/// Keeps the text in the history; gives the name under which.
Result<Path> keep_in_history(Disk& disk, const Path& data_folder, const std::string& text) {
    const Path folder = data_folder / "history";
    if (const auto made = disk.make_folder(folder); !made) return made.error();
    if (const auto synced = disk.sync_folder(data_folder); !synced) return synced.error();
    auto file = next_history_file(disk, folder);
    if (!file) return file.error();
    if (const auto saved = save_atomically(disk, *file, text); !saved) return saved.error();
    return file;
}

}  // namespace

Loaded load_text(const std::string& text, const Facts& facts) {
    if (text.empty()) return failed(DocumentState::damaged, "the file is empty");
    if (text.find_first_not_of('\0') == std::string::npos) {
        return failed(
            DocumentState::damaged,
            "the file holds " + std::to_string(text.size()) +
                " zero bytes and nothing else, as after a power cut while it was written");
    }
    const auto outcome = schema::read_json(text, settings_options);
    if (const auto* problem = std::get_if<schema::SyntaxProblem>(&outcome)) {
        return failed(DocumentState::damaged, problem->text, problem->place);
    }
    return check_document(std::get<Json>(outcome), facts);
}

Loaded load(Disk& disk, const Path& file, const Facts& facts) {
    const auto text = disk.read(file, settings_size_max);
    if (text) return load_text(*text, facts);
    const bool missing = text.error().fault == Fault::not_found;
    return failed(missing ? DocumentState::missing : DocumentState::unreadable, text.error().text);
}

Loaded load_last_good(Disk& disk, const Path& data_folder, const Facts& facts) {
    const Path file = last_good_file(data_folder);
    const auto text = disk.read(file, 2 * settings_size_max);
    if (!text) {
        const bool missing = text.error().fault == Fault::not_found;
        return failed(missing ? DocumentState::missing : DocumentState::unreadable,
                      text.error().text);
    }
    const std::size_t mark = text->rfind(checksum_mark);
    const bool whole = mark != std::string::npos && with_checksum(text->substr(0, mark)) == *text;
    if (!whole) {
        return failed(DocumentState::damaged,
                      file.string() + " is damaged: its checksum does not fit");
    }
    return load_text(*text, facts);
}

Start load_or_last_good(Disk& disk, const Path& file, const Path& data_folder, const Facts& facts) {
    Loaded loaded = load(disk, file, facts);
    Start start;
    if (loaded.state == DocumentState::good) {
        start.settings = std::move(loaded.settings);
        start.warnings = std::move(loaded.warnings);
        return start;
    }
    const std::string complaint = "the settings file " + file.string() + " " +
                                  std::string(state_text(loaded.state)) + " (" +
                                  first_problem(loaded) + ")";
    start.problems = std::move(loaded.problems);
    Loaded last_good = load_last_good(disk, data_folder, facts);
    if (last_good.state != DocumentState::good) {
        const bool missing = last_good.state == DocumentState::missing;
        start.report = complaint + "; there is no last good copy to start with" +
                       (missing ? "" : ": " + first_problem(last_good));
        return start;
    }
    start.settings = std::move(last_good.settings);
    start.warnings = std::move(last_good.warnings);
    start.used_last_good = true;
    start.report = complaint + "; started with the last good settings, " +
                   last_good_file(data_folder).string() + ": mend the file and restart";
    return start;
}

Result<void> keep_last_good(Disk& disk, const Path& data_folder, const Settings& settings) {
    const Path file = last_good_file(data_folder);
    const std::string text = with_checksum(canonical_text(settings));
    const auto kept = disk.read(file, 2 * settings_size_max);
    if (kept && *kept == text) return {};
    return save_atomically(disk, file, text);
}

Result<Applied> apply_canonical(Disk& disk, const Path& file, const Path& data_folder,
                                const Settings& settings) {
    const std::string text = canonical_text(settings);
    const auto before = disk.read(file, settings_size_max);
    if (!before && before.error().fault != Fault::not_found) return before.error();
    if (before && *before == text) return Applied{{}, "the settings file is unchanged"};
    Applied applied{{}, "the settings were written to " + file.string()};
    if (before) {
        const auto kept = keep_in_history(disk, data_folder, *before);
        if (!kept) return kept.error();
        applied.kept_as = *kept;
        applied.report +=
            "; the text that stood there, with its comments, is kept as " + kept->string();
    }
    if (const auto saved = save_atomically(disk, file, text); !saved) return saved.error();
    return applied;
}

std::string canonical_text(const Settings& settings) {
    return write_pretty(schema::settings_to_json(settings));
}

std::string parameter_hash(const Settings& settings) {
    return sha256_hex(write_compact(
        schema::settings_to_json(settings, {.defaults = true, .only_sealed_and_logged = true})));
}

}  // namespace metergate::config

#pragma once

#include <map>
#include <optional>
#include <string>

#include "config/disk.hpp"

namespace metergate::config {

/// A disk in memory with a power cut: after `cut_after` further steps nothing happens any more, and
/// the write it falls into leaves only the first half of its bytes.
class MemoryDisk final : public Disk {
  public:
    std::map<Path, std::string> files;
    int steps = 0;
    int cut_after = 1'000;
    std::optional<Error> read_error;

    [[nodiscard]] Result<std::string> read(const Path& file, std::size_t size_max) override {
        if (read_error) return *read_error;
        const auto at = files.find(file);
        if (at == files.end()) {
            return Error{Fault::not_found, "cannot open " + file.string() + ": no such file"};
        }
        if (at->second.size() > size_max) return Error{Fault::invalid, "too large"};
        return at->second;
    }
    [[nodiscard]] Result<void> write(const Path& file, std::string_view bytes,
                                     const Path&) override {
        if (steps == cut_after) files[file] = bytes.substr(0, bytes.size() / 2);
        if (!power_is_on()) return cut();
        files[file] = bytes;
        return {};
    }
    [[nodiscard]] Result<void> rename(const Path& from, const Path& to) override {
        if (!power_is_on()) return cut();
        files[to] = files.at(from);
        files.erase(from);
        return {};
    }
    [[nodiscard]] Result<void> sync_folder(const Path&) override {
        if (!power_is_on()) return cut();
        return {};
    }
    [[nodiscard]] Result<void> make_folder(const Path&) override { return {}; }
    [[nodiscard]] Result<std::vector<std::string>> names_in(const Path& folder) override {
        std::vector<std::string> names;
        for (const auto& [file, text] : files) {
            if (file.parent_path() == folder) names.push_back(file.filename().string());
        }
        return names;
    }

  private:
    [[nodiscard]] bool power_is_on() { return steps++ < cut_after; }
    static Error cut() { return {Fault::damaged, "power cut"}; }
};

}  // namespace metergate::config

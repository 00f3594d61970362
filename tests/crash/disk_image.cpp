#include "tests/crash/disk_image.hpp"

#include <algorithm>
#include <functional>

namespace metergate::crash {
namespace {

constexpr std::size_t sector = 512;

void write_at(std::string& bytes, std::size_t at, std::string_view what) {
    bytes.resize(std::max(bytes.size(), at + what.size()));
    bytes.replace(at, what.size(), what);
}

bool is_of_names(DiskStep::Kind kind) {
    return kind == DiskStep::Kind::create || kind == DiskStep::Kind::rename ||
           kind == DiskStep::Kind::remove;
}

}  // namespace

DiskImage::DiskImage(const FileMap& files) {
    for (const auto& [name, bytes] : files) {
        names_[name] = files_.size();
        files_.push_back({bytes, bytes, {}});
    }
    durable_names_ = names_;
}

void DiskImage::apply(const DiskStep& step) {
    if (is_of_names(step.kind)) {
        if (step.kind == DiskStep::Kind::create) {
            files_.resize(std::max(files_.size(), step.file + 1));
        }
        change_names(names_, step);
        waiting_names_.push_back(step);
        return;
    }
    if (step.kind == DiskStep::Kind::sync_folder) {
        durable_names_ = names_;
        waiting_names_.clear();
        return;
    }
    File& file = files_.at(step.file);
    switch (step.kind) {
        case DiskStep::Kind::sync:
            for (const DiskStep& waiting : file.waiting) {
                change(file.durable, waiting);
            }
            file.waiting.clear();
            return;
        case DiskStep::Kind::failed_sync:
            file.waiting.clear();
            return;
        default:
            change(file.now, step);
            file.waiting.push_back(step);
    }
}

FileMap DiskImage::everything() const {
    FileMap state;
    for (const auto& [name, file] : names_) {
        state[name] = files_.at(file).now;
    }
    return state;
}

FileMap DiskImage::only_synced() const {
    FileMap state;
    for (const auto& [name, file] : durable_names_) {
        state[name] = files_.at(file).durable;
    }
    return state;
}

FileMap DiskImage::torn(std::uint64_t seed) const {
    building::Random random(seed);
    // In one state most arrives, in another little.
    const std::uint64_t part = 1 + random.below(7);
    Names names = durable_names_;
    for (const DiskStep& step : waiting_names_) {
        if (random.below(8) < part) {
            change_names(names, step);
        }
    }
    FileMap state;
    for (const auto& [name, index] : names) {
        const File& file = files_.at(index);
        std::string bytes = file.durable;
        for (const DiskStep& step : file.waiting) {
            change_partly(bytes, step, part, random);
        }
        state[name] = std::move(bytes);
    }
    return state;
}

void DiskImage::change_names(Names& names, const DiskStep& step) {
    switch (step.kind) {
        case DiskStep::Kind::create:
            if (!step.name.empty()) {
                names[step.name] = step.file;
            }
            return;
        case DiskStep::Kind::remove:
            names.erase(step.name);
            return;
        default:
            // The old name may not have reached the disk; then this does nothing either.
            if (const auto moved = names.find(step.name); moved != names.end()) {
                names[step.to] = moved->second;
                names.erase(step.name);
            }
    }
}

void DiskImage::change(std::string& bytes, const DiskStep& step) {
    if (step.kind == DiskStep::Kind::shorten) {
        bytes.resize(step.at);
    } else {
        write_at(bytes, step.at, step.bytes);
    }
}

void DiskImage::change_partly(std::string& bytes, const DiskStep& step, std::uint64_t part,
                              building::Random& random) {
    if (step.kind == DiskStep::Kind::shorten) {
        if (random.below(8) < part) {
            change(bytes, step);
        }
        return;
    }
    // Whole, not at all, or in sectors.
    const std::uint64_t fate = random.below(3);
    const bool whole = random.below(8) < part;
    const std::string_view what = step.bytes;
    for (std::size_t from = 0; from < what.size();) {
        const std::size_t to = std::min(what.size(), from + sector - (step.at + from) % sector);
        if (fate == 0 ? random.below(8) < part : whole) {
            write_at(bytes, step.at + from, what.substr(from, to - from));
        }
        from = to;
    }
}

std::size_t hash_of(const FileMap& files) {
    std::size_t hash = 0;
    for (const auto& [name, bytes] : files) {
        hash = building::scrambled(hash, std::hash<std::string>{}(name));
        hash = building::scrambled(hash, std::hash<std::string>{}(bytes));
    }
    return hash;
}

}  // namespace metergate::crash

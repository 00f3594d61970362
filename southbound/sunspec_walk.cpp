#include "southbound/sunspec_walk.hpp"

#include <fmt/format.h>

#include <cassert>

namespace metergate::southbound {
namespace {

// SunSpec Device Information Model Specification: every chain begins with this marker and the
// common model, and ends with a header of this id.
constexpr std::uint16_t marker_high = 0x5375;  // "Su"
constexpr std::uint16_t marker_low = 0x6E53;   // "nS"
constexpr std::uint16_t marker_size = 2;
constexpr std::uint16_t common_model = 1;
constexpr std::uint16_t end_of_chain = 0xFFFF;

// The common model behind its header: manufacturer, model, options, version, serial number.
constexpr std::uint16_t common_size = 64;
constexpr std::size_t manufacturer_at = 0;
constexpr std::size_t device_at = 16;
constexpr std::size_t serial_at = 48;
constexpr std::size_t long_string = 16;

constexpr unsigned address_end = 0x10000;

/// Two characters a register, filled up with zeros or spaces.
std::string text_of(std::span<const std::uint16_t> registers) {
    std::string text;
    for (const std::uint16_t both : registers) {
        text.push_back(static_cast<char>(both >> 8U));
        text.push_back(static_cast<char>(both & 0xFFU));
    }
    text.resize(std::min(text.find('\0'), text.size()));
    const std::size_t last = text.find_last_not_of(' ');
    text.resize(last == std::string::npos ? 0 : last + 1);
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return text;
}

}  // namespace

std::uint16_t SunspecWalk::base() const {
    return sunspec_.bases.at((first_base_ + bases_tried_) % sunspec_.bases.size());
}

RegisterSpan SunspecWalk::next() const {
    switch (step_) {
        case Step::marker:
            return {Table::holding, base(), marker_size};
        case Step::header:
            return {Table::holding, header_, sunspec_header};
        case Step::common:
            break;
    }
    return {Table::holding, static_cast<std::uint16_t>(header_ + sunspec_header), common_size};
}

void SunspecWalk::restart() {
    step_ = Step::marker;
    bases_tried_ = 0;
    headers_ = 0;
    has_common_ = false;
    meter_ = {};
}

bool SunspecWalk::try_next_base() {
    ++bases_tried_;
    return bases_tried_ < sunspec_.bases.size();
}

bool SunspecWalk::take_refusal() {
    return step_ == Step::marker && try_next_base();
}

void SunspecWalk::take_silence() {
    if (step_ == Step::marker && !was_found_) {
        first_base_ = (first_base_ + bases_tried_ + 1) % sunspec_.bases.size();
    }
}

Result<std::optional<SunspecMeter>> SunspecWalk::take(std::span<const std::uint16_t> registers) {
    assert(registers.size() == next().count);
    switch (step_) {
        case Step::marker:
            if (registers[0] == marker_high && registers[1] == marker_low) {
                step_ = Step::header;
                header_ = static_cast<std::uint16_t>(base() + marker_size);
            } else if (!try_next_base()) {
                return Error{Fault::refused,
                             fmt::format("no SunSpec device: the marker \"SunS\" is not at "
                                         "register {}",
                                         fmt::join(sunspec_.bases, ", "))};
            }
            return std::nullopt;
        case Step::header:
            return take_header(registers[0], registers[1]);
        case Step::common:
            break;
    }
    take_common(registers);
    return std::nullopt;
}

Result<std::optional<SunspecMeter>> SunspecWalk::take_header(std::uint16_t id,
                                                             std::uint16_t length) {
    ++headers_;
    if (id == end_of_chain) {
        return Error{Fault::refused, fmt::format("the model chain from register {} ends at {} "
                                                 "without a meter model",
                                                 base(), header_)};
    }
    if (!has_common_ && id != common_model) {
        return Error{Fault::refused,
                     fmt::format("the first model, at register {}, is {} instead of the common "
                                 "model 1",
                                 header_, id)};
    }
    const ProfileSunspec::Model* model = sunspec_.find(id);
    const unsigned least = id == common_model ? common_size : model != nullptr ? model->length : 0;
    if (length < least) {
        return Error{Fault::refused, fmt::format("model {} at register {} has {} registers, at "
                                                 "least {} were expected",
                                                 id, header_, length, least)};
    }
    if (model != nullptr && unsigned{header_} + sunspec_header + length <= address_end) {
        meter_.base = base();
        meter_.address = header_;
        meter_.model = id;
        first_base_ = (first_base_ + bases_tried_) % sunspec_.bases.size();
        was_found_ = true;
        return std::optional(meter_);
    }
    if (auto stepped = step_over(id, length); !stepped) {
        return stepped.error();
    }
    return std::nullopt;
}

Result<void> SunspecWalk::step_over(std::uint16_t id, unsigned length) {
    const unsigned after = header_ + sunspec_header + length;
    if (after + sunspec_header > address_end) {
        return Error{Fault::refused, fmt::format("model {} at register {} is {} registers long: "
                                                 "beyond register 65535",
                                                 id, header_, length)};
    }
    if (headers_ >= headers_max) {
        return Error{Fault::refused,
                     fmt::format("the model chain from register {} has no end after {} models",
                                 base(), headers_)};
    }
    if (id == common_model) {
        step_ = Step::common;
        after_ = static_cast<std::uint16_t>(after);
    } else {
        header_ = static_cast<std::uint16_t>(after);
    }
    return {};
}

void SunspecWalk::take_common(std::span<const std::uint16_t> registers) {
    meter_.manufacturer = text_of(registers.subspan(manufacturer_at, long_string));
    meter_.device = text_of(registers.subspan(device_at, long_string));
    meter_.serial = text_of(registers.subspan(serial_at, long_string));
    has_common_ = true;
    step_ = Step::header;
    header_ = after_;
}

}  // namespace metergate::southbound

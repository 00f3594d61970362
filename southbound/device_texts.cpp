#include "southbound/device_texts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace metergate::southbound {
namespace {

constexpr std::uint8_t encapsulated = 43;
constexpr std::uint8_t device_identification = 14;
constexpr std::uint8_t basic_objects = 1;
constexpr std::uint8_t report_server_id = 17;

bool is_printable(std::uint8_t byte) {
    return byte >= 0x20 && byte < 0x7F;
}

std::string text_of(std::span<const std::uint8_t> bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text.push_back(is_printable(byte) ? static_cast<char>(byte) : '?');
    }
    const std::size_t last = text.find_last_not_of(" ?");
    text.resize(last == std::string::npos ? 0 : last + 1);
    return text;
}

void append_word(std::string& words, const std::string& word) {
    constexpr std::size_t shortest = 3;
    if (word.size() >= shortest) {
        words += (words.empty() ? "" : " ") + word;
    }
}

}  // namespace

Pdu device_identification_pdu(std::uint8_t object) {
    return {encapsulated, device_identification, basic_objects, object};
}

std::optional<DeviceObjects> device_objects(std::span<const std::uint8_t> pdu) {
    constexpr std::size_t head = 7;
    if (pdu.size() < head || pdu[0] != encapsulated || pdu[1] != device_identification) {
        return std::nullopt;
    }
    DeviceObjects all;
    if (pdu[4] != 0) {
        all.next = pdu[5];
    }
    std::span<const std::uint8_t> left = pdu.subspan(head);
    for (unsigned i = 0; i < pdu[head - 1]; ++i) {
        if (left.size() < 2 || left.size() < std::size_t{2} + left[1]) {
            return std::nullopt;
        }
        all.objects.push_back({left[0], text_of(left.subspan(2, left[1]))});
        left = left.subspan(std::size_t{2} + left[1]);
    }
    return all;
}

Pdu server_id_pdu() {
    return {report_server_id};
}

std::optional<std::string> server_id_text(std::span<const std::uint8_t> pdu) {
    if (pdu.size() < 2 || pdu[0] != report_server_id) {
        return std::nullopt;
    }
    const std::span<const std::uint8_t> data = pdu.subspan(2);
    std::string words;
    std::string word;
    for (const std::uint8_t byte : data) {
        if (is_printable(byte)) {
            word.push_back(static_cast<char>(byte));
        } else {
            append_word(words, word);
            word.clear();
        }
    }
    append_word(words, word);
    return words.empty() ? fmt::format("id {:02X}", fmt::join(data, " ")) : words;
}

}  // namespace metergate::southbound

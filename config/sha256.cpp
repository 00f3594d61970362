#include "config/sha256.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdlib>

namespace metergate::config {

std::string sha256_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) !=
        1) {
        std::abort();  // fails only without memory or without the algorithm
    }
    std::string text;
    for (unsigned i = 0; i < length; ++i) {
        text += digits[digest.at(i) >> 4U];
        text += digits[digest.at(i) & 0xFU];
    }
    return text;
}

}  // namespace metergate::config

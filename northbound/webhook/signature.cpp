#include "northbound/webhook/signature.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <vector>

namespace metergate::northbound::webhook {
namespace {

using Digest = std::array<unsigned char, 32>;

/// The library's interface is in unsigned characters.
const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string base64(const Digest& digest) {
    std::array<unsigned char, 4 * ((std::tuple_size_v<Digest> + 2) / 3) + 1> text{};
    const int size = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest.size()));
    return {text.begin(), text.begin() + size};
}

}  // namespace

Result<std::string> key_of_secret(std::string_view secret) {
    constexpr std::string_view prefix = "whsec_";
    if (secret.starts_with(prefix)) {
        secret.remove_prefix(prefix.size());
    }
    std::vector<unsigned char> key(secret.size() + 1);
    const int size = EVP_DecodeBlock(key.data(), bytes_of(secret), static_cast<int>(secret.size()));
    const std::size_t padding = secret.size() - secret.find_last_not_of('=') - 1;
    if (secret.empty() || size <= 0 || padding > 2) {
        return Error{Fault::invalid, "the secret is no base64"};
    }
    return std::string(key.begin(), key.begin() + size - static_cast<std::ptrdiff_t>(padding));
}

std::string signature_of(std::string_view key, std::string_view id, std::int64_t unix_s,
                         std::string_view body) {
    const std::string content = fmt::format("{}.{}.{}", id, unix_s, body);
    Digest digest{};
    unsigned int size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(content), content.size(),
         digest.data(), &size);
    return "v1," + base64(digest);
}

std::string id_of(std::string_view topic, std::string_view content) {
    constexpr std::size_t shown = 16;
    const std::string all = fmt::format("{}\n{}", topic, content);
    Digest digest{};
    unsigned int size = 0;
    EVP_Digest(all.data(), all.size(), digest.data(), &size, EVP_sha256(), nullptr);
    std::string id = "msg_";
    for (std::size_t i = 0; i < shown; ++i) {
        id += fmt::format("{:02x}", digest.at(i));
    }
    return id;
}

}  // namespace metergate::northbound::webhook

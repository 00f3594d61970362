#include "northbound/webhook/gzip.hpp"

#include <zlib.h>

#include <cassert>

namespace metergate::northbound::webhook {
namespace {

constexpr int window_bits = 15;
constexpr int with_gzip_header = 16;
constexpr int memory_level = 8;

}  // namespace

std::string gzip(std::string_view content) {
    z_stream stream{};
    const int opened =
        deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits + with_gzip_header,
                     memory_level, Z_DEFAULT_STRATEGY);
    assert(opened == Z_OK);
    static_cast<void>(opened);
    std::string packed(deflateBound(&stream, static_cast<uLong>(content.size())), '\0');
    std::string input(content);  // the library asks for bytes it might change
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const int finished = deflate(&stream, Z_FINISH);
    assert(finished == Z_STREAM_END);
    static_cast<void>(finished);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

}  // namespace metergate::northbound::webhook

/// Runs a fuzz target without a fuzzer: over its corpus, and over seeded mutations of it, the same
/// ones each time.
///
///     replay_TARGET CORPUS_FOLDER MUTATIONS SEED

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/fuzz.hpp"

namespace {

using Input = std::vector<std::uint8_t>;

std::vector<Input> read_corpus(const std::string& folder) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<Input> corpus;
    for (const auto& path : paths) {
        std::ifstream file(path, std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return corpus;
}

std::size_t below(std::mt19937_64& random, std::size_t limit) {
    return limit == 0 ? 0 : random() % limit;
}

void mutate_once(Input& input, const std::vector<Input>& corpus, std::mt19937_64& random) {
    const std::size_t at = below(random, input.size());
    const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
    switch (random() % 5) {
        case 0:
            if (!input.empty()) {
                input[at] = static_cast<std::uint8_t>(random());
            }
            break;
        case 1:
            if (!input.empty()) {
                input[at] ^= static_cast<std::uint8_t>(1U << random() % 8);
            }
            break;
        case 2:
            input.erase(place, place + static_cast<std::ptrdiff_t>(
                                           std::min(input.size() - at, below(random, 9))));
            break;
        case 3:
            input.insert(place, 1 + below(random, 4), static_cast<std::uint8_t>(random()));
            break;
        default: {
            const Input& other = corpus[below(random, corpus.size())];
            const std::size_t from = below(random, other.size());
            const std::size_t count = std::min(other.size() - from, below(random, 40));
            const auto begin = other.begin() + static_cast<std::ptrdiff_t>(from);
            input.insert(place, begin, begin + static_cast<std::ptrdiff_t>(count));
        }
    }
}

std::optional<std::uint64_t> number_from(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = problem == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional(number) : std::nullopt;
}

}  // namespace

int main(int count, char** arguments) {
    const auto mutations = count == 4 ? number_from(arguments[2]) : std::nullopt;
    const auto seed = count == 4 ? number_from(arguments[3]) : std::nullopt;
    if (!mutations || !seed) {
        std::fprintf(stderr, "usage: %s CORPUS_FOLDER MUTATIONS SEED\n", arguments[0]);
        return 2;
    }
    const auto corpus = read_corpus(arguments[1]);
    if (corpus.empty()) {
        std::fprintf(stderr, "%s: no inputs\n", arguments[1]);
        return 1;
    }
    for (const Input& input : corpus) {
        LLVMFuzzerTestOneInput(input.data(), input.size());
    }
    std::mt19937_64 random(*seed);
    for (std::uint64_t i = 0; i < *mutations; ++i) {
        Input input = corpus[below(random, corpus.size())];
        for (std::size_t steps = 1 + below(random, 6); steps > 0; --steps) {
            mutate_once(input, corpus, random);
        }
        LLVMFuzzerTestOneInput(input.data(), input.size());
    }
    std::printf("%zu inputs of the corpus, %s mutations of seed %s\n", corpus.size(), arguments[2],
                arguments[3]);
    return 0;
}

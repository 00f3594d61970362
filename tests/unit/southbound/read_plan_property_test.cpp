#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <tuple>

#include "southbound/read_plan.hpp"

/// plan_reads against every plan there is, on small random panels. The rules are written down here
/// a second time, register by register.
namespace metergate::southbound {
namespace {

using Spans = std::vector<RegisterSpan>;
using std::chrono::nanoseconds;

struct Case {
    Spans wanted;
    Spans listed;
    Spans refused;
    ReadLimits limits;
};

/// Time, requests, registers: less is better, in this order.
using Price = std::tuple<nanoseconds, std::size_t, std::size_t>;

unsigned random_below(std::mt19937& random, unsigned limit) {
    return static_cast<unsigned>(random() % limit);
}

Spans random_spans(std::mt19937& random, unsigned count, unsigned addresses, unsigned longest) {
    Spans spans;
    for (unsigned i = 0; i < count; ++i) {
        const Table table = random_below(random, 8) == 0 ? Table::input : Table::holding;
        spans.push_back({table, static_cast<std::uint16_t>(random_below(random, addresses)),
                         static_cast<std::uint16_t>(1 + random_below(random, longest))});
    }
    return spans;
}

WireCost random_cost(std::mt19937& random) {
    static constexpr std::array<unsigned, 4> bauds{2400, 9600, 19'200, 115'200};
    const Duration gap = std::chrono::milliseconds{random_below(random, 2) * 10};
    const Duration turnaround = std::chrono::milliseconds{random_below(random, 20)};
    if (random_below(random, 5) == 0) {
        return network_cost(gap, turnaround);
    }
    return serial_cost(nanoseconds{11'000'000'000 / bauds.at(random_below(random, 4))}, gap,
                       turnaround);
}

Case random_case(std::mt19937& random, unsigned wanted_max) {
    const unsigned addresses = 8 + random_below(random, 100);
    Case made;
    made.limits.registers_max = static_cast<std::uint16_t>(4 + random_below(random, 60));
    made.limits.hole_registers_max = static_cast<std::uint16_t>(random_below(random, 5));
    made.limits.cost = random_cost(random);
    made.wanted = random_spans(random, 1 + random_below(random, wanted_max), addresses, 4);
    made.listed = random_spans(random, random_below(random, 12), addresses, 20);
    made.refused = random_spans(random, random_below(random, 3), addresses, 5);
    return made;
}

std::string text_of(const Spans& spans) {
    std::string text;
    for (const RegisterSpan& span : spans) {
        text += (span.table == Table::input ? " i" : " h") + std::to_string(span.address) + "+" +
                std::to_string(span.count);
    }
    return text;
}

bool is_in_any(const RegisterSpan& inner, const Spans& spans) {
    return std::any_of(spans.begin(), spans.end(),
                       [&](const RegisterSpan& span) { return lies_in(inner, span); });
}

bool may_ask(const RegisterSpan& request, const Case& given) {
    if (request.count > given.limits.registers_max) {
        return false;
    }
    unsigned unknown = 0;
    for (unsigned address = request.address; address < end_of(request); ++address) {
        const RegisterSpan one{request.table, static_cast<std::uint16_t>(address), 1};
        unknown = is_in_any(one, given.listed) || is_in_any(one, given.wanted) ? 0 : unknown + 1;
        if (unknown > given.limits.hole_registers_max) {
            return false;
        }
    }
    const bool is_one_value = is_in_any(request, given.wanted);
    return is_one_value ||
           std::none_of(given.refused.begin(), given.refused.end(),
                        [&](const RegisterSpan& hole) { return lies_in(hole, request); });
}

RegisterSpan hull_of(const RegisterSpan& a, const RegisterSpan& b) {
    const std::uint16_t begin = std::min(a.address, b.address);
    return {a.table, begin, static_cast<std::uint16_t>(std::max(end_of(a), end_of(b)) - begin)};
}

/// Nothing, if one of the requests may not be made.
std::optional<Price> price_of(const Spans& requests, const Case& given) {
    Price price{};
    for (const RegisterSpan& request : requests) {
        if (!may_ask(request, given)) {
            return std::nullopt;
        }
        std::get<0>(price) += given.limits.cost.of(request.count);
        ++std::get<1>(price);
        std::get<2>(price) += request.count;
    }
    return price;
}

enum class Joining { any, neighbours_only };

/// Tries every way to put the wanted spans from `next` on into requests: with one of those begun
/// (only the last of them, if neighbours only) or into a new one.
void try_all(const Case& given, Joining joining, std::size_t next, Spans& requests,
             std::optional<Price>& best) {
    if (next == given.wanted.size()) {
        const std::optional<Price> price = price_of(requests, given);
        if (price && (!best || *price < *best)) {
            best = price;
        }
        return;
    }
    const RegisterSpan& span = given.wanted[next];
    const std::size_t first = joining == Joining::any || requests.empty() ? 0 : requests.size() - 1;
    for (std::size_t i = first; i < requests.size(); ++i) {
        if (requests[i].table == span.table) {
            const RegisterSpan before = requests[i];
            requests[i] = hull_of(before, span);
            try_all(given, joining, next + 1, requests, best);
            requests[i] = before;
        }
    }
    requests.push_back(span);
    try_all(given, joining, next + 1, requests, best);
    requests.pop_back();
}

Price best_price(Case given, Joining joining) {
    std::sort(
        given.wanted.begin(), given.wanted.end(), [](const RegisterSpan& a, const RegisterSpan& b) {
            return std::tie(a.table, a.address, a.count) < std::tie(b.table, b.address, b.count);
        });
    Spans requests;
    std::optional<Price> best;
    try_all(given, joining, 0, requests, best);
    EXPECT_TRUE(best);
    return *best;
}

void expect_best(const Case& given, Joining joining) {
    const Spans plan = plan_reads(given.wanted, {given.listed, given.refused}, given.limits);
    for (const RegisterSpan& span : given.wanted) {
        EXPECT_TRUE(is_in_any(span, plan)) << text_of({span}) << " is not read";
    }
    const std::optional<Price> price = price_of(plan, given);
    ASSERT_TRUE(price) << "a request that may not be made:" << text_of(plan);
    EXPECT_EQ(*price, best_price(given, joining))
        << "wanted" << text_of(given.wanted) << "\nlisted" << text_of(given.listed) << "\nrefused"
        << text_of(given.refused) << "\nplan" << text_of(plan);
}

TEST(ReadPlanProperty, no_way_at_all_to_group_the_spans_is_cheaper) {
    for (unsigned seed = 1; seed <= 4000 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        expect_best(random_case(random, 7), Joining::any);
    }
}

TEST(ReadPlanProperty, no_way_to_cut_more_spans_into_neighbours_is_cheaper) {
    for (unsigned seed = 1; seed <= 4000 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        expect_best(random_case(random, 11), Joining::neighbours_only);
    }
}

TEST(ReadPlanProperty, order_and_repetition_of_the_spans_change_nothing) {
    for (unsigned seed = 1; seed <= 1000 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        Case given = random_case(random, 40);
        const Spans plan = plan_reads(given.wanted, {given.listed, given.refused}, given.limits);
        given.wanted.insert(given.wanted.end(), given.wanted.begin(), given.wanted.end());
        for (Spans* spans : {&given.wanted, &given.listed, &given.refused}) {
            std::shuffle(spans->begin(), spans->end(), random);
        }
        EXPECT_EQ(plan_reads(given.wanted, {given.listed, given.refused}, given.limits), plan);
    }
}

/// What a gateway with a fixed bound does: from the lowest address on, a request grows while no
/// hole in it is longer than `hole_max`.
Spans greedy_plan(const Spans& sorted, unsigned registers_max, unsigned hole_max) {
    Spans runs;
    for (const RegisterSpan& span : sorted) {
        if (!runs.empty() && span.address <= end_of(runs.back()) + hole_max &&
            end_of(span) <= runs.back().address + registers_max) {
            runs.back() = hull_of(runs.back(), span);
        } else {
            runs.push_back(span);
        }
    }
    return runs;
}

/// So many single registers, spread over 240 that the panel has.
Spans scattered(unsigned count, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<std::uint16_t> addresses(240);
    std::iota(addresses.begin(), addresses.end(), std::uint16_t{0});
    std::shuffle(addresses.begin(), addresses.end(), random);
    std::sort(addresses.begin(), addresses.begin() + count);
    Spans spans;
    for (unsigned i = 0; i < count; ++i) {
        spans.push_back({Table::holding, addresses[i], 1});
    }
    return spans;
}

nanoseconds time_of(const Spans& plan, const WireCost& cost) {
    nanoseconds time{};
    for (const RegisterSpan& request : plan) {
        time += cost.of(request.count);
    }
    return time;
}

TEST(ReadPlanProperty, scattered_registers_take_no_longer_than_with_any_fixed_bound) {
    const Spans listed{{Table::holding, 0, 240}};
    const std::array<std::pair<unsigned, unsigned>, 3> wires{
        {{9600, 10}, {19'200, 12}, {115'200, 5}}};
    for (const auto& [baud, turnaround] : wires) {
        ReadLimits limits;
        limits.cost = serial_cost(nanoseconds{11'000'000'000 / baud}, Duration{},
                                  std::chrono::milliseconds{turnaround});
        for (const unsigned count : {6U, 12U, 24U, 48U}) {
            for (unsigned seed = 1; seed <= 100; ++seed) {
                const Spans wanted = scattered(count, seed);
                const nanoseconds best =
                    time_of(plan_reads(wanted, {listed, {}}, limits), limits.cost);
                for (const unsigned bound : {0U, 4U, 16U, 50U}) {
                    const Spans greedy = greedy_plan(wanted, limits.registers_max, bound);
                    EXPECT_LE(best, time_of(greedy, limits.cost)) << "seed " << seed;
                }
            }
        }
    }
}

}  // namespace
}  // namespace metergate::southbound

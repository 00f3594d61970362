#pragma once

#include "gateway/metering/interval_chain.hpp"
#include "gateway/model/record.hpp"
#include "gateway/record/store.hpp"

/// Between what chains decide and what is stored of it. Pure; any thread.
namespace metergate::record {

[[nodiscard]] inline Record record_of(const metering::ClosedInterval& interval, PointNumber point,
                                      SeriesNumber series, Origin origin) {
    return {.end = interval.end,
            .start = interval.start,
            .point = point,
            .series = series,
            .revision = 0,
            .value = interval.value,
            .reg = interval.reg,
            .flags = interval.flags,
            .origin = origin,
            .uncertainty = interval.uncertainty};
}

[[nodiscard]] inline ChainState state_of(const metering::IntervalChain::Baseline& baseline,
                                         PointNumber point, SeriesNumber series) {
    return {point,
            series,
            baseline.identity,
            baseline.opened,
            baseline.opened_register,
            baseline.edge,
            baseline.edge_register,
            baseline.closed_through,
            baseline.open_flags};
}

[[nodiscard]] inline metering::IntervalChain::Baseline baseline_of(const ChainState& state) {
    return {state.identity,      state.opened,         state.opened_register, state.edge,
            state.edge_register, state.closed_through, state.open_flags};
}

}  // namespace metergate::record

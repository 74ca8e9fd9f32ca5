// Smoothed round trip time and its variation by RFC 6298 §2, and the smallest one.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/time.h"
#include "decode/flow/flow_row.h"

namespace ipm::decode::flow {

// Nanoseconds in floating point: four bytes hold any of them to seven digits.
struct RttFilter {
  std::uint32_t samples = 0;
  float min_ns = 0;
  float srtt_ns = 0;
  float rttvar_ns = 0;

  // Times that go backwards say nothing.
  void add(TimeNs sample_ns) {
    if (sample_ns < 0) return;
    const auto sample = static_cast<float>(sample_ns);
    if (samples == 0) {
      min_ns = srtt_ns = sample;
      rttvar_ns = sample / 2;
    } else {
      if (sample < min_ns) min_ns = sample;
      rttvar_ns += (std::fabs(srtt_ns - sample) - rttvar_ns) / 4;
      srtt_ns += (sample - srtt_ns) / 8;
    }
    if (samples != 0xffff'ffff) ++samples;
  }
  RttEstimate estimate() const { return {samples, whole(min_ns), whole(srtt_ns), whole(rttvar_ns)}; }

 private:
  static TimeNs whole(float ns) { return static_cast<TimeNs>(std::llround(ns)); }
};

}  // namespace ipm::decode::flow

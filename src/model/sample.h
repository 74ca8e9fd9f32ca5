// What the engine says about one moment of a process or an app, for whoever keeps series of it.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace ipm::model {

enum class Metric : std::uint8_t { kTxBytes = 0, kRxBytes = 1, kOpens = 2, kFailures = 3 };
inline constexpr std::uint32_t kMetrics = 4;

constexpr std::string_view metric_name(Metric metric) {
  switch (metric) {
    case Metric::kTxBytes:
      return "tx_bytes";
    case Metric::kRxBytes:
      return "rx_bytes";
    case Metric::kOpens:
      return "opens";
    case Metric::kFailures:
      return "connect_failures";
  }
  return "";
}

enum class Holder : std::uint8_t { kProcess = 0, kApp = 1 };

// Takes samples as they arise. `slot` is the row of the holder; it is handed to another after forget().
class SampleSink {
 public:
  virtual ~SampleSink() = default;
  virtual void add(Holder holder, std::uint32_t slot, Metric metric, TimeNs time_ns, std::uint64_t amount) = 0;
  virtual void forget(Holder holder, std::uint32_t slot) = 0;
  virtual void advance(TimeNs now) = 0;
};

}  // namespace ipm::model

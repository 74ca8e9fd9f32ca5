// One metric, one sample a minute, and what was said about it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "baseline/baseline.h"

namespace ipm::test {

class WatchedMetric {
 public:
  explicit WatchedMetric(baseline::Options options = {}, std::int64_t every_s = 60)
      : options_(options), every_s_(every_s) {}

  const baseline::Score& feed(double value) {
    last_ = baseline_.update(options_, time_s_, value);
    time_s_ += every_s_;
    ++samples_;
    if (last_.alarm && ++alarms_ == 1) first_alarm_ = samples_;
    highest_ = std::max(highest_, last_.score);
    return last_;
  }
  template <typename Make>
  void feed(int count, Make&& make) {
    for (int i = 0; i < count; ++i) feed(make());
  }
  // From here on.
  void watch() {
    alarms_ = samples_ = first_alarm_ = 0;
    highest_ = 0;
  }

  int alarms() const { return alarms_; }
  int first_alarm() const { return first_alarm_; }  // Samples until then; 0: none.
  double highest() const { return highest_; }
  const baseline::Score& last() const { return last_; }
  baseline::Baseline& baseline() { return baseline_; }
  std::int64_t time_s() const { return time_s_; }

 private:
  baseline::Options options_;
  baseline::Baseline baseline_;
  baseline::Score last_;
  std::int64_t every_s_;
  std::int64_t time_s_ = 0;  // 1970 began on a Thursday.
  int alarms_ = 0, samples_ = 0, first_alarm_ = 0;
  double highest_ = 0;
};

}  // namespace ipm::test

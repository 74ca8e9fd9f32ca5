// Who learns what is usual for apps, as the engine speaks to it.
#pragma once

#include "model/app_sample.h"
#include "model/behaviour.h"

namespace ipm::model {

// Takes the intervals of apps, in the order of the stream.
class AppSampleSink {
 public:
  virtual ~AppSampleSink() = default;
  virtual void use_texts(TextHolder* texts) = 0;  // Before the first sample; null at the end.
  // Null: it finds no room. The scores are good until the next call.
  virtual const AppScores* sample(const AppSample& sample) = 0;
  virtual void forget_app(std::uint32_t app) = 0;
  // A part of what was learned in an earlier run. False: it cannot be one.
  virtual bool learned(std::uint32_t key_text, const BaselinePart& part) = 0;
  // The app, whose key is given since it may have had no interval yet, is likely another one under a new path: it goes
  // on from what is known of that one, if that one is silent from now on …
  virtual void inherited(std::uint32_t app, std::uint32_t key_text, std::uint32_t from) = 0;
  // … and by now it has shown that it is.
  virtual void confirmed(std::uint32_t app) = 0;
  // An operator says that what was unusual in the metric is normal for the app.
  virtual void accepted(std::uint32_t app, AppMetric metric) = 0;
};

}  // namespace ipm::model

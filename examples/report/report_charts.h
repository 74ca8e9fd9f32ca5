// Traffic by time: of the run, and around each alert.
#pragma once

#include <cstdint>

#include "json.h"
#include "recorder.h"
#include "report_tables.h"

namespace ipm_report {

struct RunSpan {
  std::int64_t begin_ns;
  std::int64_t end_ns;
};

// Members "timeline" and "contexts", these by number of the alert. An alert without has the reason instead.
void add_charts(JsonObject& out, ipm_monitor* monitor, const RunSpan& span, const KeptTable& alerts,
                const Recorder::State* recorded);

}  // namespace ipm_report

// The commands that have a file of their own. Each returns the exit code; mistakes are thrown as ipm::Error.
#pragma once

#include "options.h"

namespace cli {

int run_baseline(const Options& options);
int run_detect(const Options& options);
int run_events(const Options& options);
int run_top(const Options& options);
int run_doctor(const Options& options);
int run_drill(const Options& options);
int run_explain(const Options& options);
int run_flows(const Options& options);
int run_report(const Options& options);
int run_score(const Options& options);
int run_intel_check(const Options& options);
int run_intel_match(const Options& options);  // 3: on no list.

}  // namespace cli

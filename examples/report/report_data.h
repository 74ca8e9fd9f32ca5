// What a page shows, as one JSON document.
#pragma once

#include <string>

#include "recorder.h"
#include "report.h"

namespace ipm_report {

// `recorded` may be null.
std::string document(ipm_monitor* monitor, const Options& options, const Recorder::State* recorded);

}  // namespace ipm_report

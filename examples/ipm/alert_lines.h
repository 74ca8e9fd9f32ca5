// Changes of alerts as lines: for people, or as records for programs.
#pragma once

#include <cstdint>
#include <string>

#include <ipm/ipm.h>

#include "options.h"

namespace cli {

std::uint64_t pid_of(const ipm_alert& alert);

// The time, the number of the alert, the severity, the kind, what changed, and the sentence.
std::string alert_person_line(const ipm_alert& alert);

// Of kJsonl or kCsv; JSON has no header.
std::string alert_record(const ipm_alert& alert, Format format);
std::string alert_header(Format format);

}  // namespace cli

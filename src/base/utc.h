// Moments as people write them.
#pragma once

#include <string_view>

#include "base/status.h"
#include "base/time.h"

namespace ipm {

// 2026-12-01, 2026-12-01T10:00, 2026-12-01T10:00:30 with or without a Z: UTC, ns since 1970.
Result<TimeNs> parse_utc_ns(std::string_view text);

}  // namespace ipm

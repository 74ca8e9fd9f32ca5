#include "base/utc.h"

#include <array>
#include <chrono>

#include "base/key_values.h"

namespace ipm {
namespace {

// Digits where the pattern has '0', else the same bytes. What the groups of digits say.
bool read(std::string_view text, std::string_view pattern, std::array<int, 6>& out) {
  if (text.size() != pattern.size()) return false;
  std::size_t group = 0;
  bool within = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (pattern[i] != '0') {
      if (text[i] != pattern[i]) return false;
      group += within ? 1 : 0;
      within = false;
      continue;
    }
    if (text[i] < '0' || text[i] > '9') return false;
    out[group] = (within ? out[group] * 10 : 0) + (text[i] - '0');
    within = true;
  }
  return true;
}

}  // namespace

Result<TimeNs> parse_utc_ns(std::string_view text) {
  const std::string_view bare = text.ends_with('Z') ? text.substr(0, text.size() - 1) : text;
  std::array<int, 6> at{};
  const bool read_any =
      read(bare, "0000-00-00T00:00:00", at) || read(bare, "0000-00-00T00:00", at) || read(bare, "0000-00-00", at);
  const std::chrono::year_month_day date{std::chrono::year(at[0]), std::chrono::month(static_cast<unsigned>(at[1])),
                                         std::chrono::day(static_cast<unsigned>(at[2]))};
  // Years that int64 ns have.
  const bool real = date.ok() && at[0] >= 1970 && at[0] <= 2261 && at[3] < 24 && at[4] < 60 && at[5] < 60;
  if (!read_any || !real) {
    return Status::invalid_argument(quote_text(text.substr(0, 80)) +
                                    " is no date (2026-12-01 or 2026-12-01T10:00:00Z)");
  }
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  return std::chrono::nanoseconds(days + std::chrono::hours(at[3]) + std::chrono::minutes(at[4]) +
                                  std::chrono::seconds(at[5]))
      .count();
}

}  // namespace ipm

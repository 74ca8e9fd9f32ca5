#include "score_lines.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <system_error>

#include <ipm/ipm.hpp>

#include "text.h"

namespace cli {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

std::optional<double> read_number(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return kNaN;  // No double holds it.
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::optional<double> read_value(std::string_view text) {
  if (text.empty() || text == "null" || text == "NULL" || text == "NA") return kNaN;
  return read_number(text);
}

// Exactly `digits` of them.
std::optional<int> read_digits(std::string_view text, std::size_t at, std::size_t digits) {
  if (text.size() < at + digits) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(at, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// Days since 1970 of a Gregorian date (Hinnant, https://howardhinnant.github.io/date_algorithms.html).
std::int64_t days_of(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t of_era = year - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

std::optional<std::int64_t> in_ns(double seconds) {
  if (!(std::abs(seconds) < 9e9)) return std::nullopt;  // The range of nanoseconds: the years 1684 to 2255.
  const double whole = std::floor(seconds);
  return static_cast<std::int64_t>(whole) * IPM_S + static_cast<std::int64_t>((seconds - whole) * 1e9);
}

std::optional<std::int64_t> read_date(std::string_view text) {
  if (!text.empty() && text.back() == 'Z') text.remove_suffix(1);
  constexpr std::string_view kShape = "0000-00-00 00:00:00";
  if (text.size() < kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] != '0' && text[i] != kShape[i] && !(i == 10 && text[i] == 'T')) return std::nullopt;
  }
  const auto year = read_digits(text, 0, 4), month = read_digits(text, 5, 2), day = read_digits(text, 8, 2);
  const auto hour = read_digits(text, 11, 2), minute = read_digits(text, 14, 2), second = read_digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (*month < 1 || *month > 12 || *day < 1 || *day > 31 || *hour > 23 || *minute > 59 || *second > 60) {
    return std::nullopt;
  }
  double fraction = 0;
  if (text.size() > kShape.size()) {
    const std::optional<double> read = read_number("0" + std::string(text.substr(kShape.size())));
    if (text[kShape.size()] != '.' || !read || !(*read < 1)) return std::nullopt;
    fraction = *read;
  }
  const std::int64_t seconds = days_of(*year, *month, *day) * 86'400 + *hour * 3'600 + *minute * 60 + *second;
  const std::optional<std::int64_t> whole = in_ns(static_cast<double>(seconds));
  if (!whole) return std::nullopt;
  return *whole + static_cast<std::int64_t>(fraction * 1e9);
}

}  // namespace

bool LineInput::fill() {
  buffer_.erase(0, at_);
  at_ = 0;
  if (buffer_.size() > kLineBytesMax) {
    throw ipm::Error(IPM_ERR_CORRUPT, "line " + std::to_string(line_number_ + 1) + ": longer than " +
                                          std::to_string(kLineBytesMax) + " bytes");
  }
  char chunk[1 << 16];
  for (;;) {
    const ssize_t bytes = ::read(fd_, chunk, sizeof chunk);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) throw ipm::Error(IPM_ERR_IO, std::string("read the series: ") + std::strerror(errno));
    buffer_.append(chunk, static_cast<std::size_t>(bytes));
    return bytes > 0;
  }
}

std::optional<std::string_view> LineInput::next() {
  std::size_t end = buffer_.find('\n', at_);
  while (end == std::string::npos && !ended_) {
    ended_ = !fill();
    end = buffer_.find('\n', at_);
  }
  if (end == std::string::npos && at_ == buffer_.size()) return std::nullopt;
  const std::size_t begin = at_;
  const std::size_t stop = end == std::string::npos ? buffer_.size() : end;
  at_ = end == std::string::npos ? stop : stop + 1;
  ++line_number_;
  return std::string_view(buffer_).substr(begin, stop - begin);
}

std::optional<std::int64_t> read_time(std::string_view text) {
  if (const std::optional<double> seconds = read_number(text)) {
    return std::isfinite(*seconds) ? in_ns(*seconds) : std::nullopt;
  }
  return read_date(text);
}

std::optional<std::int32_t> read_utc_offset(std::string_view text) {
  int sign = 1;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
  }
  std::int32_t seconds = 0;
  if (text.size() == 5 && text[2] == ':') {
    const auto hours = read_digits(text, 0, 2), minutes = read_digits(text, 3, 2);
    if (!hours || !minutes || *minutes > 59) return std::nullopt;
    seconds = *hours * 3'600 + *minutes * 60;
  } else {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || seconds < 0) return std::nullopt;
  }
  if (seconds > 86'400) return std::nullopt;
  return sign * seconds;
}

std::string read_point(std::string_view line, SeriesPoint& out) {
  out.values.clear();
  const std::size_t comma = line.find(',');
  if (trim(line).empty()) return "empty; a point is \"time,value\"";
  if (comma == std::string_view::npos) return "no comma; a point is \"time,value\"";
  const std::string_view time = trim(line.substr(0, comma));
  const std::optional<std::int64_t> read = read_time(time);
  if (!read) {
    return "\"" + harmless(std::string(time)) +
           "\" is no time (YYYY-MM-DD HH:MM:SS or seconds); --header skips a first line of names";
  }
  out.time_ns = *read;
  for (std::size_t at = comma; at != std::string_view::npos;) {
    const std::size_t next = line.find(',', at + 1);
    const std::string_view text = trim(line.substr(at + 1, next == std::string_view::npos ? next : next - at - 1));
    const std::optional<double> value = read_value(text);
    if (!value) return "\"" + harmless(std::string(text)) + "\" is no number; leave a missing one empty";
    out.values.push_back(*value);
    at = next;
  }
  return {};
}

}  // namespace cli

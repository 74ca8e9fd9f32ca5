// Lines of a series: "time,value[,value…]".
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// Whole lines of a file, as they come. A line is bounded, the file is not.
class LineInput {
 public:
  explicit LineInput(int fd) : fd_(fd) {}

  // The next line without its end; nullopt at the end of the file. Borrowed until the next call.
  // Throws ipm::Error: the system failed, or a line is too long.
  std::optional<std::string_view> next();
  // Whether next() would have to wait: a good moment to write what is ready.
  bool drained() const { return buffer_.find('\n', at_) == std::string::npos; }
  std::uint64_t line_number() const { return line_number_; }

 private:
  static constexpr std::size_t kLineBytesMax = 1 << 16;

  bool fill();

  int fd_;
  std::string buffer_;
  std::size_t at_ = 0;  // Where the next line begins.
  bool ended_ = false;
  std::uint64_t line_number_ = 0;  // Of the last line given.
};

struct SeriesPoint {
  std::int64_t time_ns = 0;
  std::vector<double> values;  // A missing one is NaN.
};

// Reads one line into `out`. Returns what is wrong with it; empty: nothing.
std::string read_point(std::string_view line, SeriesPoint& out);

// "2014-04-01 00:00:00[.5]", with T between and Z behind if so wished, or seconds since 1970. Nanoseconds since 1970.
std::optional<std::int64_t> read_time(std::string_view text);

// "3600", "+02:00", "-05:30": seconds.
std::optional<std::int32_t> read_utc_offset(std::string_view text);

}  // namespace cli

// Bytes of each app in intervals of one width over a whole run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ipm_report {

struct Traffic {
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_bytes = 0;
  Traffic& operator+=(const Traffic& more) {
    tx_bytes += more.tx_bytes;
    rx_bytes += more.rx_bytes;
    return *this;
  }
  std::uint64_t sum() const { return tx_bytes + rx_bytes; }
};

// Bounded: when there would be more than kBucketsMax intervals, they become wider. Apps beyond kAppsMax are one, "".
class Timeline {
 public:
  static constexpr std::size_t kBucketsMax = 480;
  static constexpr std::size_t kAppsMax = 512;

  explicit Timeline(std::int64_t width_s) : width_s_(width_s) {}

  void add(std::string_view app, std::int64_t time_s, const Traffic& traffic);
  // Makes room up to that time, whether anything moves or not.
  void extend(std::int64_t time_s);

  std::int64_t width_s() const { return width_s_; }
  std::int64_t begin_s() const { return first_ * width_s_; }
  std::size_t buckets() const { return empty_ ? 0 : static_cast<std::size_t>(last_ - first_ + 1); }
  // Those that moved most, at most so many; without "".
  std::vector<std::string> heaviest(std::size_t count) const;
  Traffic total(const std::string& app) const;
  // One for each interval.
  std::vector<Traffic> of(const std::string& app) const;
  // Of all apps that are not among these.
  std::vector<Traffic> of_others(const std::vector<std::string>& apps) const;
  std::size_t apps() const { return apps_.size(); }

 private:
  void widen();
  void put(std::vector<Traffic>& series, std::int64_t bucket, const Traffic& traffic) const;

  std::int64_t width_s_;
  bool empty_ = true;
  std::int64_t first_ = 0;  // Number of an interval: its begin divided by the width.
  std::int64_t last_ = 0;
  std::map<std::string, std::vector<Traffic>, std::less<>> apps_;  // From first_ on; may be shorter than the run.
};

}  // namespace ipm_report

#include "alert/sentence.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

namespace ipm::alert {

Sentence& Sentence::operator<<(std::string_view text) {
  if (text.empty()) return *this;  // It may have no bytes to copy from.
  const std::size_t room = std::min(text.size(), sizeof text_ - used_);
  std::memcpy(text_ + used_, text.data(), room);
  used_ += room;
  return *this;
}

Sentence& Sentence::number(double value, int decimals) {
  char digits[64];
  const double bounded = std::clamp(value, -1e18, 1e18);
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, bounded, std::chars_format::fixed, decimals);
  return *this << std::string_view(digits, error == std::errc() ? static_cast<std::size_t>(end - digits) : 0);
}

Sentence& Sentence::count(std::uint64_t value) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  return *this << std::string_view(digits, error == std::errc() ? static_cast<std::size_t>(end - digits) : 0);
}

Sentence& Sentence::bytes(double value) {
  constexpr std::string_view kUnits[] = {" B", " kB", " MB", " GB", " TB", " PB"};
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  return number(value, unit == 0 || value >= 100 ? 0 : 1) << kUnits[unit];
}

Sentence& Sentence::span(TimeNs duration) {
  const double seconds = static_cast<double>(duration) / static_cast<double>(kSecond);
  if (seconds < 120) return number(seconds, seconds < 10 ? 1 : 0) << " s";
  if (seconds < 2 * 3600) return number(seconds / 60) << " min";
  if (seconds < 48 * 3600) return number(seconds / 3600, 1) << " h";
  return number(seconds / 86'400, 1) << " days";
}

Sentence& Sentence::peer(const model::IpAddress& address, std::uint16_t port) {
  const bool bracketed = port != 0 && !address.is_v4();
  *this << (bracketed ? "[" : "") << address.text() << (bracketed ? "]" : "");
  if (port != 0) *this << ":", count(port);
  return *this;
}

Sentence& Sentence::whereabouts(std::string_view name, const model::Place& place) {
  constexpr std::size_t kNameBytes = 64;  // Of what somebody else chose, so that the rest of the sentence has room.
  std::string_view before = " (";
  const auto next = [&]() -> Sentence& { return *this << std::exchange(before, ", "); };
  if (!name.empty()) next() << name.substr(0, kNameBytes) << (name.size() > kNameBytes ? "…" : "");
  if (place.asn != 0) next() << "AS", count(place.asn);
  if (place.has_country()) next() << std::string_view(place.country, 2);
  return *this << (before == ", " ? ")" : "");
}

// Civil date from days since 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
Sentence& Sentence::moment(TimeNs engine_ns) {
  const std::int64_t minutes = (engine_ns + unix_offset_ns_) / kMinute;
  const std::int64_t z = minutes / 1440 + 719'468;
  const std::int64_t era = z / 146'097;
  const std::int64_t doe = z - era * 146'097;
  const std::int64_t yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const std::int64_t mp = (5 * doy + 2) / 153;
  const std::int64_t month = mp < 10 ? mp + 3 : mp - 9;
  const auto two = [&](std::int64_t value) {
    *this << (value < 10 ? "0" : "");
    count(static_cast<std::uint64_t>(value));
  };
  count(static_cast<std::uint64_t>(yoe + era * 400 + (month <= 2 ? 1 : 0))) << "-";
  two(month);
  *this << "-";
  two(doy - (153 * mp + 2) / 5 + 1);
  *this << " ";
  two(minutes / 60 % 24);
  *this << ":";
  two(minutes % 60);
  return *this << " UTC";
}

}  // namespace ipm::alert

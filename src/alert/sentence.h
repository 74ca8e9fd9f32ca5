// An evidence sentence in a buffer of its own: no allocation, no locale. What does not fit is cut at the end.
#pragma once

#include <cstdint>
#include <string_view>

#include "alert/alert.h"

namespace ipm::alert {

class Sentence {
 public:
  explicit Sentence(TimeNs unix_offset_ns) : unix_offset_ns_(unix_offset_ns) {}

  Sentence& operator<<(std::string_view text);
  Sentence& number(double value, int decimals = 0);  // "12,500" is written 12500.
  Sentence& count(std::uint64_t value);
  Sentence& bytes(double value);                                        // "3.1 MB", powers of 1000.
  Sentence& span(TimeNs duration);                                      // "40 s", "2.5 h"
  Sentence& peer(const model::IpAddress& address, std::uint16_t port);  // "198.51.100.7:443"; port 0: without.
  // " (cdn.example, AS64496, DE)", as far as it is known, or nothing.
  Sentence& whereabouts(std::string_view name, const model::Place& place);
  Sentence& moment(TimeNs engine_ns);  // "2026-11-24 20:14 UTC"
  std::string_view text() const { return {text_, used_}; }

 private:
  const TimeNs unix_offset_ns_;
  std::size_t used_ = 0;
  char text_[kEvidenceBytes - 1];
};

}  // namespace ipm::alert

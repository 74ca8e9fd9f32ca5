// The operator's rules that stand: what nobody wants to hear of, and what is never to be kept back.
//
// Bound: kMax rules; one more is refused, a suppression whose time is over makes room. Threads: the engine's.
#pragma once

#include <vector>

#include "alert/rule.h"

namespace ipm::alert {

class Rules {
 public:
  static constexpr std::size_t kMax = 256;

  // Takes a rule that stands, or lifts it. False: one too many, or none there to lift.
  bool take(const Rule& rule, TimeNs now);
  void set_wall_clock(TimeNs unix_minus_engine_ns) { unix_offset_ns_ = unix_minus_engine_ns; }

  bool suppresses(const Finding& finding, std::string_view app, TimeNs now) const;
  bool is_critical(std::string_view app) const;

 private:
  struct Standing {
    Rule rule;
    TimeNs said_ns;
  };
  bool is_over(const Standing& standing, TimeNs now) const;

  std::vector<Standing> standing_;
  TimeNs unix_offset_ns_ = 0;
};

}  // namespace ipm::alert

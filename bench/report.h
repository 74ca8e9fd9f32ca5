// The table that a run prints: what was measured, ours beside the peer's, and the budget it is held to.
#pragma once

#include <string>
#include <vector>

namespace ipm::bench {

struct Budget {
  enum class Bound { kNone, kAtLeast, kAtMost };
  Bound bound = Bound::kNone;
  double value = 0;

  bool met(double measured) const;
};
inline constexpr Budget kNoBudget{};
constexpr Budget at_least(double value) {
  return {Budget::Bound::kAtLeast, value};
}
constexpr Budget at_most(double value) {
  return {Budget::Bound::kAtMost, value};
}

class Report {
 public:
  // Against a peer of the same run: the budget is on ours / peer.
  void compare(const std::string& what, double ours, const std::string& peer, double theirs, const std::string& unit,
               Budget budget);
  // On its own: the budget is on the value.
  void value(const std::string& what, double ours, const std::string& unit, Budget budget);
  void skip(const std::string& what, const std::string& why);

  std::string text() const;

 private:
  struct Line {
    std::string what, ours, peer, ratio, budget, verdict;
  };
  std::vector<Line> lines_;
};

// "12.3", "4,567": three digits that say something.
std::string number_text(double value);

}  // namespace ipm::bench

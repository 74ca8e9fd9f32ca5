// What operators called false positives: one like it stays quiet until it is clearly more.
//
// Bound: kMax; the oldest is forgotten. Threads: the engine's.
#pragma once

#include <deque>

#include "alert/alert.h"
#include "base/page_store.h"

namespace ipm::alert {

// Times as strong as what was told is news again.
inline constexpr double kEscalation = 4;

class FalsePositives {
 public:
  static constexpr std::size_t kMax = 1024;

  explicit FalsePositives(PageStore& store) : store_(store) {}
  ~FalsePositives();
  FalsePositives(const FalsePositives&) = delete;
  FalsePositives& operator=(const FalsePositives&) = delete;

  void use_texts(model::TextHolder* texts) { texts_ = texts; }
  void take(const AlertRow& row);
  // The finding is like one of the app's, neither of a higher severity nor as much stronger as an escalation.
  bool cover(const Finding& finding, std::uint32_t app) const;  // Slot + 1.
  void forget_app(std::uint32_t app);                           // Slot + 1.

 private:
  struct Line {
    Subject subject;
    std::uint32_t app;  // Slot + 1.
    Severity severity;
    double strength;
  };
  void remove(std::size_t index);

  PageStore& store_;
  model::TextHolder* texts_ = nullptr;
  std::deque<Line> lines_;  // Oldest first.
};

}  // namespace ipm::alert

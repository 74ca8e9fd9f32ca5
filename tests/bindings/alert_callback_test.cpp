// Alerts that come by themselves, as C++ hears them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ipm/ipm.hpp>

namespace ipm {
namespace {

struct Change {
  std::uint64_t id;
  std::int32_t change;
  std::string kind;
  bool operator==(const Change&) const = default;
};

// But for updates: those that nobody took in time are one.
void note(const ipm_alert& alert, std::vector<Change>& out) {
  if (alert.change != IPM_ALERT_UPDATED) out.push_back({alert.id, alert.change, alert.kind});
}

TEST(AlertCallbackTest, WhoIsCalledHearsWhatWhoAsksHears) {
  std::vector<Change> asked, told;
  Monitor asking;
  asking.add_source("drill:scan");
  for (bool more = true; more;) {
    more = asking.step(0) != IPM_END;
    while (const std::optional<ipm_alert> alert = asking.next_alert()) note(*alert, asked);
  }
  Monitor called;
  called.on_alert([&](const ipm_alert& alert) { note(alert, told); });
  Monitor moved = std::move(called);
  moved.add_source("drill:scan");
  while (moved.step(0) != IPM_END) {
  }
  EXPECT_FALSE(asked.empty());
  EXPECT_TRUE(asked == told);
  EXPECT_FALSE(moved.next_alert());
}

}  // namespace
}  // namespace ipm

// People follow local time. When its offset changes, as the stream says with a clock anchor, seasons go along.
#include <gtest/gtest.h>

#include "monitor/engine_state.h"
#include "support/events.h"
#include "support/noise.h"

namespace ipm::monitor {
namespace {

using namespace ipm::test;  // NOLINT: the event builders are the language of these tests.

constexpr TimeNs kInterval = 10 * kMinute;
constexpr TimeNs kBegin = 2 * kInterval;  // Engine time of the first Monday.
constexpr TimeNs kDay = 24 * kHour;
constexpr TimeNs kMonday = 1'700'438'400 * kSecond;  // 2023-11-20T00:00:00Z
constexpr int kWeeks = 5;

// A program that sends 50 kB in each interval of office hours on the spot, and little else.
class ZoneTest : public ::testing::Test {
 protected:
  struct Seen {
    int hour;  // Local.
    double score, expected;
  };

  ZoneTest() {
    feed(anchor(0, model::AnchorReason::kOpen));
    feed(text(kBegin, 1, "/usr/bin/desk"));
    feed(start(kBegin, key_, "desk", 1));
    feed(test::open(kBegin, 1, t_, key_));
  }
  static model::Settings settings() {
    model::Settings out;
    out.memory_max_bytes = 64U << 20;
    out.baseline_interval_s = static_cast<std::uint32_t>(kInterval / kSecond);
    return out;
  }
  void feed(const model::Event& event) { state_.engine.feed({&event, 1}); }
  // Of the offset of local time that holds from now on.
  model::Event anchor(std::int32_t utc_offset_s, model::AnchorReason reason) const {
    return model::make_event(now_, model::EventKind::kClockAnchor, {}, 0,
                             model::ClockAnchor{.boottime_ns = now_,
                                                .realtime_ns = kMonday + (now_ - kBegin),
                                                .utc_offset_s = utc_offset_s,
                                                .reason = reason});
  }
  // The next days, with people whose clocks are that far ahead of UTC.
  std::vector<Seen> live(int days, TimeNs ahead) {
    std::vector<Seen> out;
    for (const TimeNs end = now_ + days * kDay; now_ < end; now_ += kInterval) {
      const TimeNs local = now_ - kBegin + ahead;
      const int hour = static_cast<int>(local / kHour % 24);
      const bool office = hour >= 9 && hour < 17 && local / kDay % 7 < 5;
      const double tx = office ? 50'000 + 2'000 * noise_.normal() : 2'000 + 200 * noise_.normal();
      feed(data(now_ + kInterval / 2, 1, t_, static_cast<std::uint64_t>(tx), 100));
      const model::Event passes =
          model::make_event(now_ + kInterval, model::EventKind::kTimeAdvance, {}, 0, model::ProcessExit{});
      feed(passes);
      const baseline::AppBaselineRow* row = the_only_app();
      if (row != nullptr) out.push_back({hour, double{row->last[0].score}, double{row->last[0].expected}});
    }
    return out;
  }
  const baseline::AppBaselineRow* the_only_app() const {
    const baseline::AppBaselineViews views = state_.baselines->views();
    for (std::uint32_t app = 0; app < views.by_app.size(); ++app) {
      if (const baseline::AppBaselineRow* row = views.of_app(app)) return row;
    }
    return nullptr;
  }
  static double highest(const std::vector<Seen>& seen) {
    double score = 0;
    for (const Seen& each : seen) score = std::max(score, each.score);
    return score;
  }
  static double expected_at(const std::vector<Seen>& seen, int hour) {
    double sum = 0;
    int count = 0;
    for (const Seen& each : seen) {
      if (each.hour == hour) sum += each.expected, ++count;
    }
    return sum / count;
  }

  EngineState state_{core::share_memory(settings())};
  Noise noise_{3};
  TimeNs now_ = kBegin;
  const model::ProcessKey key_{10, 100};
  const model::FlowTuple t_ = tuple(1, 443);
};

TEST_F(ZoneTest, HabitsOfLocalTimeAreUsualOnTheDayAfterTheClocksChange) {
  live(7 * kWeeks, 0);
  feed(anchor(3'600, model::AnchorReason::kZone));
  const std::vector<Seen> monday = live(1, kHour);
  EXPECT_LT(highest(monday), 0.9);
  EXPECT_GT(expected_at(monday, 9), 30'000);
  EXPECT_LT(expected_at(monday, 8), 10'000);
  EXPECT_LT(expected_at(monday, 17), 10'000);
}

// What the anchor is good for.
TEST_F(ZoneTest, WithoutTheAnchorTheFirstHourOfWorkIsNotExpected) {
  live(7 * kWeeks, 0);
  const std::vector<Seen> monday = live(1, kHour);
  EXPECT_LT(expected_at(monday, 9), 25'000);
  EXPECT_GT(expected_at(monday, 17), 25'000);
}

TEST_F(ZoneTest, AndBackAgain) {
  live(7 * kWeeks, 0);
  feed(anchor(3'600, model::AnchorReason::kZone));
  EXPECT_LT(highest(live(14, kHour)), 0.9);
  feed(anchor(0, model::AnchorReason::kZone));
  const std::vector<Seen> monday = live(1, 0);
  EXPECT_LT(highest(monday), 0.9);
  EXPECT_GT(expected_at(monday, 9), 30'000);
  EXPECT_LT(expected_at(monday, 8), 10'000);
}

}  // namespace
}  // namespace ipm::monitor

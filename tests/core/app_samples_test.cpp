// What the engine says of each interval of an app: differences of its counters, gaps where nothing is known, and null
// where nothing was measured.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/engine.h"
#include "store/recent_series.h"
#include "support/events.h"

namespace ipm::core {
namespace {

using namespace ipm::test;  // NOLINT: the event builders are the language of these tests.
using model::AppMetric;
using model::AppSample;
using model::ProcessKey;
using testing::ElementsAre;
using testing::IsEmpty;

class Samples final : public model::AppSampleSink {
 public:
  void use_texts(model::TextHolder*) override {}
  const model::AppScores* sample(const AppSample& sample) override {
    all.push_back(sample);
    return nullptr;
  }
  void forget_app(std::uint32_t) override {}
  bool learned(std::uint32_t, const model::BaselinePart&) override { return false; }
  void inherited(std::uint32_t, std::uint32_t, std::uint32_t) override {}
  void confirmed(std::uint32_t) override {}
  void accepted(std::uint32_t, AppMetric) override {}

  std::vector<double> of(AppMetric metric) const {
    std::vector<double> out;
    for (const AppSample& each : all) out.push_back(each.values[static_cast<std::size_t>(metric)]);
    return out;
  }
  std::vector<AppSample> all;
};

constexpr TimeNs kM = kMinute;
constexpr TimeNs kBegin = 1'020 * kSecond;  // A multiple of the interval.
constexpr double kNull = -1;                // In the lists below: not measured.

class AppSamplesTest : public ::testing::Test {
 protected:
  AppSamplesTest() { feed({start(kBegin - 1, curl_, "curl"), open(kBegin - 1, 1, t_, curl_)}); }
  void feed(std::initializer_list<model::Event> events) { engine_.feed({events.begin(), events.size()}); }
  void pass(TimeNs until) { feed({time_passes(until)}); }
  static model::Event time_passes(TimeNs time) {
    return model::make_event(time, model::EventKind::kTimeAdvance, {}, 0, model::ProcessExit{});
  }
  static model::Event anchor(TimeNs time, model::AnchorReason reason, TimeNs unix_ns = 0) {
    return model::make_event(
        time, model::EventKind::kClockAnchor, {}, 0,
        model::ClockAnchor{.boottime_ns = time, .realtime_ns = unix_ns, .utc_offset_s = 3'600, .reason = reason});
  }
  model::Event cpu(TimeNs time, std::uint64_t ms) const {
    return model::make_event(time, model::EventKind::kProcessSample, curl_, 0,
                             model::ProcessSample{.cpu_ns = ms * 1'000'000, .measured = model::ProcessSample::kCpu});
  }
  model::Event tcp(TimeNs time, std::uint32_t srtt_us, std::uint32_t retransmits) const {
    model::TcpSnapshot snapshot;
    snapshot.tuple = t_;
    snapshot.measured = model::TcpSnapshot::kSrtt | model::TcpSnapshot::kRetransmits;
    snapshot.srtt_us = srtt_us;
    snapshot.tx_retransmits = retransmits;
    return model::make_event(time, model::EventKind::kTcpSnapshot, {}, 1, snapshot);
  }
  std::vector<double> of(AppMetric metric) const {
    std::vector<double> out = samples_.of(metric);
    for (double& each : out) each = std::isnan(each) ? kNull : each;
    return out;
  }

  const Bounds bounds_ = share_memory({});
  PageStore store_{bounds_.copies_max_bytes};
  store::RecentSeries series_{store_, bounds_.rows.series_blocks_max, bounds_.rows.processes_max,
                              bounds_.rows.apps_max};
  Samples samples_;
  Engine engine_{bounds_, store_, series_, nullptr, &samples_};
  const ProcessKey curl_{10, 100};
  const model::FlowTuple t_ = tuple(1, 443);
};

TEST_F(AppSamplesTest, AnIntervalIsWhatTheCountersGainedInItAndTheFirstIncompleteOneIsNone) {
  feed({data(kBegin + 1, 1, t_, 100, 10), data(kBegin + kM - 1, 1, t_, 20, 1), data(kBegin + kM, 1, t_, 7, 3)});
  EXPECT_THAT(of(AppMetric::kTxBytes), ElementsAre(120));
  pass(kBegin + 2 * kM);
  EXPECT_THAT(of(AppMetric::kTxBytes), ElementsAre(120, 7));
  EXPECT_THAT(of(AppMetric::kRxBytes), ElementsAre(11, 3));
  EXPECT_EQ(samples_.all[0].begin_ns, kBegin);
  EXPECT_EQ(samples_.all[0].end_ns, kBegin + kM);
}

TEST_F(AppSamplesTest, WhatMovedBeforeASourceWasThereToSeeItIsNoNews) {
  feed({data(kBegin + 1, 1, t_, 1'000'000, 0, {}, model::ByteLayer::kTcp, model::kEventFirstSight),
        data(kBegin + 2, 1, t_, 5, 0)});
  pass(kBegin + kM);
  EXPECT_THAT(of(AppMetric::kTxBytes), ElementsAre(5));
}

TEST_F(AppSamplesTest, ARunningAppThatIsSilentHasZerosAndOneWithoutAProcessHasGaps) {
  feed({data(kBegin + 1, 1, t_, 5, 0), time_passes(kBegin + kM), time_passes(kBegin + 2 * kM),
        exited(kBegin + 2 * kM + 1, curl_)});
  pass(kBegin + 3 * kM);
  pass(kBegin + 4 * kM);
  EXPECT_THAT(of(AppMetric::kTxBytes), ElementsAre(5, 0));
}

TEST_F(AppSamplesTest, NotMeasuredIsNotZero) {
  feed({data(kBegin + 1, 1, t_, 5, 0), cpu(kBegin + 1, 50), time_passes(kBegin + kM)});
  feed({cpu(kBegin + kM + 1, 80), tcp(kBegin + kM + 2, 400, 3), data(kBegin + kM + 3, 1, t_, 1, 1)});
  feed({time_passes(kBegin + 2 * kM), cpu(kBegin + 2 * kM + 1, 90), time_passes(kBegin + 3 * kM)});
  EXPECT_THAT(of(AppMetric::kRtt), ElementsAre(kNull, 400, kNull));
  EXPECT_THAT(of(AppMetric::kRetransmits), ElementsAre(kNull, 3, 0)) << "counted since it was seen first";
  EXPECT_THAT(of(AppMetric::kJitter), ElementsAre(kNull, kNull, kNull));
  EXPECT_THAT(of(AppMetric::kFailures), ElementsAre(kNull, kNull, kNull));
  EXPECT_THAT(of(AppMetric::kCpu), ElementsAre(kNull, 30, kNull)) << "only while it communicates";
}

TEST_F(AppSamplesTest, RemotesAreDistinctWithinTheInterval) {
  const auto connect = [&](TimeNs time, std::uint16_t port, std::string_view remote) {
    return open(time, port, tuple(port, 443, remote), curl_);
  };
  feed({connect(kBegin + 1, 2, "192.0.2.8"), connect(kBegin + 2, 3, "192.0.2.8"), connect(kBegin + 3, 4, "192.0.2.9"),
        time_passes(kBegin + kM), connect(kBegin + kM + 1, 5, "192.0.2.8"), time_passes(kBegin + 2 * kM)});
  EXPECT_THAT(of(AppMetric::kRemotes), ElementsAre(2, 1));
  EXPECT_THAT(of(AppMetric::kOpens), ElementsAre(3, 1));
}

TEST_F(AppSamplesTest, AnIntervalThatTheHostSleptInIsAGap) {
  feed({data(kBegin + 1, 1, t_, 5, 0), time_passes(kBegin + kM), data(kBegin + kM + 1, 1, t_, 9, 0)});
  feed({anchor(kBegin + 90 * kM, model::AnchorReason::kSuspend), data(kBegin + 90 * kM + 1, 1, t_, 3, 0)});
  pass(kBegin + 91 * kM);
  EXPECT_THAT(of(AppMetric::kTxBytes), ElementsAre(5)) << "neither what fell asleep nor what woke up is whole";
  feed({data(kBegin + 91 * kM + 1, 1, t_, 4, 0)});
  pass(kBegin + 92 * kM);
  EXPECT_THAT(of(AppMetric::kTxBytes), ElementsAre(5, 4));
}

TEST_F(AppSamplesTest, WhereTimeIsToldEachSecondAHoleIsAGap) {
  feed({data(kBegin + 1, 1, t_, 5, 0), time_passes(kBegin + kM), data(kBegin + 4 * kM, 1, t_, 9, 0)});
  pass(kBegin + 5 * kM);
  EXPECT_THAT(of(AppMetric::kTxBytes), ElementsAre(5));
}

TEST_F(AppSamplesTest, InASparseFileShortSilencesAreZerosAndALongOneIsAGap) {
  feed({data(kBegin + 1, 1, t_, 5, 0), data(kBegin + 3 * kM, 1, t_, 9, 0)});
  EXPECT_THAT(of(AppMetric::kTxBytes), ElementsAre(5, 0, 0));
  feed({data(kBegin + 70 * kM, 1, t_, 9, 0)});
  EXPECT_THAT(of(AppMetric::kTxBytes), ElementsAre(5, 0, 0));
}

TEST_F(AppSamplesTest, TheHourIsThatOfLocalTimeAlsoAfterAStepOfTheClock) {
  const TimeNs unix_ns = 1'700'000'000 * kSecond;
  feed({anchor(kBegin, model::AnchorReason::kOpen, unix_ns), data(kBegin + 1, 1, t_, 5, 0), time_passes(kBegin + kM)});
  feed({anchor(kBegin + kM, model::AnchorReason::kStep, unix_ns - 86'400 * kSecond), data(kBegin + kM, 1, t_, 6, 0)});
  pass(kBegin + 2 * kM);
  EXPECT_EQ(samples_.all[0].local_s, 1'700'000'000 + 3'600);
  EXPECT_EQ(samples_.all[1].local_s, 1'700'000'000 - 86'400 + 3'600);
  EXPECT_THAT(of(AppMetric::kTxBytes), ElementsAre(5, 6)) << "a step of the wall clock is no gap";
}

TEST_F(AppSamplesTest, NobodyIsAskedForIntervalsWhereBaselinesAreOff) {
  Engine engine(bounds_, store_, series_);
  const std::vector<model::Event> events = {start(kBegin, curl_, "curl"), open(kBegin, 1, t_, curl_),
                                            data(kBegin + 1, 1, t_, 5, 0), time_passes(kBegin + 3 * kM)};
  engine.feed(events);
  EXPECT_THAT(samples_.all, IsEmpty());
}

}  // namespace
}  // namespace ipm::core

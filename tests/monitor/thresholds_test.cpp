// Thresholds from settings, in a recording and in its replay; and what of a recording who replays it may say anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "monitor/monitor.h"
#include "support/dump_tables.h"
#include "support/events.h"
#include "support/scratch_file.h"

namespace ipm::monitor {
namespace {

using namespace ipm::test;  // NOLINT: the event builders are the language of these tests.
using testing::HasSubstr;
using testing::Not;

// Events of a file, all at once.
class Script : public source::Source {
 public:
  std::string_view name() const noexcept override { return "script"; }
  bool live() const noexcept override { return false; }
  source::Capabilities probe() const override { return {}; }
  Status open(const source::SourceOptions&) override { return Status::success(); }
  Status poll(ring::Writer& out, std::chrono::nanoseconds) override {
    if (said_) return Status::end();
    said_ = true;
    say(out);
    return Status::success();
  }
  int fd() const noexcept override { return -1; }
  TimeNs next_due_ns() const noexcept override { return 0; }
  void interrupt() noexcept override {}
  source::SourceStats stats() const noexcept override { return {}; }
  source::Degradations degradations() const override { return {}; }

 protected:
  virtual void say(ring::Writer& out) = 0;
  static void write(ring::Writer& out, const model::Event& event) { EXPECT_TRUE(out.write(event)); }
  source::TextEmitter texts_;

 private:
  bool said_ = false;
};

// A program that sends 60 MB in each of ten minutes.
class Uploader final : public Script {
  void say(ring::Writer& out) override {
    const model::ProcessKey key(10, 100);
    const model::FlowTuple t = tuple(1, 443);
    const std::uint32_t exe = texts_.id("/usr/bin/uploader", kT0, out);
    write(out, start(kT0, key, "uploader", exe));
    write(out, test::open(kT0, 1, t, key));
    for (int i = 1; i <= 10; ++i) write(out, data(kT0 + i * kMinute, 1, t, 60'000'000, 100));
    write(out, closed(kT0 + 12 * kMinute, 1, t));
  }
};

// Five programs that try ports of a host, ten each.
class Scanners final : public Script {
  void say(ring::Writer& out) override {
    for (std::uint32_t program = 0; program < 5; ++program) {
      const model::ProcessKey key(10 + program, 100);
      const std::string name = "scanner" + std::string(1, static_cast<char>('a' + program));
      write(out, start(kT0, key, name, texts_.id("/usr/bin/" + name, kT0, out)));
      for (std::uint32_t i = 0; i < 10; ++i) {
        const std::uint64_t flow = 100 * program + i + 1;
        const model::FlowTuple t =
            tuple(static_cast<std::uint16_t>(flow), static_cast<std::uint16_t>(1'000 + i), "10.4.1.9");
        write(out, test::open(kT0 + i * kSecond, flow, t, key, model::OpenHow::kConnect, model::TcpState::kSynSent));
        write(out, model::make_event(kT0 + i * kSecond, model::EventKind::kFailure, key, flow,
                                     model::SocketFailure{.tuple = t, .error = ECONNREFUSED}));
        write(out, closed(kT0 + i * kSecond, flow, t));
      }
    }
  }
};

std::unique_ptr<Monitor> open_monitor(std::string_view settings) {
  MonitorOptions options;
  EXPECT_EQ(apply_settings(settings, options).message(), "");
  Result<std::unique_ptr<Monitor>> monitor = Monitor::open(options);
  EXPECT_TRUE(monitor.ok()) << monitor.status().message();
  return std::move(*monitor);
}

void run(Monitor& monitor) {
  Status status;
  while ((status = monitor.step(0)).ok()) {
  }
  EXPECT_EQ(status.code(), Code::kEnd) << status.message();
}

std::string alerts_of(Monitor& monitor) {
  return dump_table(monitor, *query::find_table("alerts"));
}

constexpr std::string_view kThreshold =
    "threshold = up metric=tx_bytes app=*uploader* above=50M for=3m severity=high\n";

TEST(ThresholdsOfMonitorTest, AReplayHasThoseOfTheRecording) {
  const ScratchFile log(".ipmlog");
  std::unique_ptr<Monitor> original = open_monitor(kThreshold);
  ASSERT_TRUE(original->record(log.path().c_str()).ok());
  ASSERT_TRUE(original->add_source(std::make_unique<Uploader>(), "uploader:", {}).ok());
  run(*original);
  ASSERT_TRUE(original->record(nullptr).ok());
  const std::string expected = dump_tables(*original);
  EXPECT_THAT(alerts_of(*original), HasSubstr("\tthreshold\thigh\t"));
  std::unique_ptr<Monitor> replay = open_monitor("");
  ASSERT_TRUE(replay->add_source("replay:" + log.path()).ok());
  run(*replay);
  EXPECT_EQ(dump_tables(*replay), expected);
}

TEST(ThresholdsOfMonitorTest, OneCanBeTriedOnARecording) {
  const ScratchFile log(".ipmlog");
  std::unique_ptr<Monitor> original = open_monitor("");
  ASSERT_TRUE(original->record(log.path().c_str()).ok());
  ASSERT_TRUE(original->add_source(std::make_unique<Uploader>(), "uploader:", {}).ok());
  run(*original);
  ASSERT_TRUE(original->record(nullptr).ok());
  EXPECT_THAT(alerts_of(*original), Not(HasSubstr("\tthreshold\t")));
  std::unique_ptr<Monitor> replay = open_monitor(kThreshold);
  ASSERT_TRUE(replay->add_source("replay:" + log.path()).ok());
  run(*replay);
  EXPECT_THAT(alerts_of(*replay), HasSubstr("\tthreshold\thigh\t"));
}

TEST(ThresholdsOfMonitorTest, AReplayHasTheBudgetOfTheRecordingUnlessItSaysAnotherOne) {
  const ScratchFile log(".ipmlog");
  std::unique_ptr<Monitor> original = open_monitor("alerts_budget = 7\n");
  ASSERT_TRUE(original->record(log.path().c_str()).ok());
  ASSERT_TRUE(original->add_source(std::make_unique<Scanners>(), "scanners:", {}).ok());
  run(*original);
  ASSERT_TRUE(original->record(nullptr).ok());
  const auto notified = [&](std::string_view settings) {
    std::unique_ptr<Monitor> replay = open_monitor(settings);
    EXPECT_TRUE(replay->add_source("replay:" + log.path()).ok());
    run(*replay);
    std::set<std::uint64_t> alerts;
    for (AlertChange change; replay->next_alert(change);) {
      if (change.row.notified) alerts.insert(change.row.id);
    }
    return alerts.size();
  };
  EXPECT_EQ(notified(""), 5U);
  EXPECT_EQ(notified("alerts_budget = 1"), 3U);
}

std::string mistake(const std::string& settings) {
  MonitorOptions options;
  return std::string(apply_settings(settings, options).message());
}

TEST(ThresholdsOfMonitorTest, WhatCouldNotStandIsAnError) {
  std::string many;
  for (int i = 0; i < 64; ++i) many += "threshold = x" + std::to_string(i) + " metric=opens above=1\n";
  EXPECT_EQ(mistake(many), "");
  EXPECT_EQ(mistake(many + "threshold = x7 metric=opens above=2\n"), "");  // In the place of the other.
  EXPECT_EQ(mistake(many + "threshold = one-more metric=opens above=2\n"),
            "settings: line 65: more than 64 thresholds");
  EXPECT_EQ(mistake("threshold = x metric=opens above=2\nalerts = off\n"), "settings: a threshold needs alerts = on");
  EXPECT_EQ(mistake("threshold = x metric=opens deviation_above=2%\nbaselines = off\n"),
            "settings: deviation_above, deviation_below and score_above of a threshold need baselines = on");
  EXPECT_EQ(mistake("threshold = x metric=opens above=2\nbaselines = off\n"), "");
  std::string rules;
  for (int i = 0; i < 256; ++i) rules += "rule = suppress app=x" + std::to_string(i) + "\n";
  EXPECT_EQ(mistake(rules + many), "");
  EXPECT_EQ(mistake(rules + "rule = critical app=x\n"), "settings: line 257: more than 256 rules");
}

}  // namespace
}  // namespace ipm::monitor

// Baselines across runs: saved, loaded, recorded, replayed; and files that are not what they claim to be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <vector>

#include "monitor/monitor.h"
#include "os/linux/host_clock.h"
#include "support/dump_tables.h"
#include "support/events.h"
#include "support/noise.h"
#include "support/scratch_file.h"

namespace ipm::monitor {
namespace {

using namespace ipm::test;  // NOLINT: the event builders are the language of these tests.
using testing::HasSubstr;
using testing::Not;

// What a test's source says of itself.
enum class Kind { kFile, kLive, kMadeUp };

// A program that sends about 50 kB in each interval, on a clock of its own.
class Sender final : public source::Source {
 public:
  Sender(TimeNs begin, int minutes, double last_tx, Kind kind = Kind::kFile, TimeNs interval_ns = kMinute)
      : kind_(kind), interval_ns_(interval_ns), minutes_(minutes), last_tx_(last_tx), now_(begin) {}
  std::string_view name() const noexcept override { return "sender"; }
  bool live() const noexcept override { return kind_ == Kind::kLive; }
  bool made_up() const noexcept override { return kind_ == Kind::kMadeUp; }
  source::Capabilities probe() const override { return {}; }
  Status open(const source::SourceOptions&) override { return Status::success(); }
  Status poll(ring::Writer& out, std::chrono::nanoseconds) override {
    if (minute_ > minutes_ + 1) return Status::end();
    if (minute_++ == 0) {
      const std::uint32_t exe = texts_.id("/usr/bin/sender", now_, out);
      write(out, start(now_, key_, "sender", exe));
      write(out, test::open(now_, 1, t_, key_));
      return Status::success();
    }
    if (minute_ == minutes_ + 2) {
      write(out, closed(now_, 1, t_));  // The last minute is over.
      return Status::success();
    }
    const double tx = minute_ > minutes_ ? last_tx_ : 50'000 + 2'000 * noise_.normal();
    write(out, data(now_ + kSecond, 1, t_, static_cast<std::uint64_t>(tx), 100));
    now_ += interval_ns_;
    return Status::success();
  }
  int fd() const noexcept override { return -1; }
  TimeNs next_due_ns() const noexcept override { return 0; }
  void interrupt() noexcept override {}
  source::SourceStats stats() const noexcept override { return {}; }
  source::Degradations degradations() const override { return {}; }

 private:
  static void write(ring::Writer& out, const model::Event& event) { EXPECT_TRUE(out.write(event)); }

  const Kind kind_;
  const TimeNs interval_ns_;
  const int minutes_;
  const double last_tx_;
  TimeNs now_;
  int minute_ = 0;
  source::TextEmitter texts_;
  Noise noise_{7};
  const model::ProcessKey key_{10, 100};
  const model::FlowTuple t_ = tuple(1, 443);
};

std::unique_ptr<Monitor> open_monitor(const MonitorOptions& options = {}) {
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

void run_sender(Monitor& monitor, TimeNs begin, int minutes, double last_tx = 50'000) {
  ASSERT_TRUE(monitor.add_source(std::make_unique<Sender>(begin, minutes, last_tx), "sender:", {}).ok());
  run(monitor);
}

std::string baselines_of(Monitor& monitor) {
  return dump_table(monitor, *query::find_table("baselines"));
}

constexpr TimeNs kLater = kT0 + 30 * 24 * kHour;

class KeptBaselinesTest : public ::testing::Test {
 protected:
  KeptBaselinesTest() {
    options_.baselines_path = file_.path();
    options_.baselines_save = BaselinesSave::kAny;  // The sender is a file.
  }
  ~KeptBaselinesTest() override {
    for (int i = 1; i <= 2; ++i) ::unlink(aside(i).c_str());
  }
  std::string aside(int number) const { return file_.path() + ".kept-" + std::to_string(number); }
  static std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  // A run that learns and saves.
  void learn(int minutes = 1'600) { run_sender(*open_monitor(options_), kT0, minutes); }

  const ScratchFile file_{".baselines"};
  MonitorOptions options_;
};

TEST_F(KeptBaselinesTest, TheNextRunGoesOnFromThem) {
  {
    std::unique_ptr<Monitor> first = open_monitor(options_);
    EXPECT_EQ(first->kept_baselines().state, KeptBaselines::State::kNew);
    run_sender(*first, kT0, 1'600);
  }
  std::unique_ptr<Monitor> next = open_monitor(options_);
  EXPECT_EQ(next->kept_baselines().state, KeptBaselines::State::kLoaded);
  run_sender(*next, kLater, 3, 80e6);
  const std::string table = baselines_of(*next);
  EXPECT_THAT(table, HasSubstr("tx_bytes\tbytes\t60\talarm\t"));
}

TEST_F(KeptBaselinesTest, AReplayOfARunThatLoadedThemGivesTheSameTablesWithoutTheFile) {
  learn();
  const ScratchFile log(".ipmlog");
  std::unique_ptr<Monitor> original = open_monitor(options_);
  ASSERT_TRUE(original->record(log.path().c_str()).ok());
  run_sender(*original, kLater, 100, 80e6);
  ASSERT_TRUE(original->record(nullptr).ok());
  const std::string expected = dump_tables(*original);
  EXPECT_NE(expected.find("bandwidth"), std::string::npos);

  for (const bool with_file : {false, true}) {
    std::unique_ptr<Monitor> replay = open_monitor(with_file ? options_ : MonitorOptions{});
    ASSERT_TRUE(replay->add_source("replay:" + log.path()).ok());
    run(*replay);
    EXPECT_TRUE(dump_tables(*replay) == expected);
    EXPECT_EQ(replay->stats().engine.malformed, 0U);
  }
}

TEST_F(KeptBaselinesTest, AReplayDoesNotWriteTheFile) {
  learn();
  const ScratchFile log(".ipmlog");
  {
    std::unique_ptr<Monitor> original = open_monitor();
    ASSERT_TRUE(original->record(log.path().c_str()).ok());
    run_sender(*original, kLater, 100);
    ASSERT_TRUE(original->record(nullptr).ok());
  }
  const std::string before = file_.read();
  {
    std::unique_ptr<Monitor> replay = open_monitor(options_);
    ASSERT_TRUE(replay->add_source("replay:" + log.path()).ok());
    run(*replay);
  }
  EXPECT_TRUE(file_.read() == before);
}

TEST_F(KeptBaselinesTest, AFileThatIsNoneIsSaidAndKeptAndEverythingIsLearnedAnew) {
  file_.write("This is somebody's diary and not a baseline file at all.");
  {
    std::unique_ptr<Monitor> monitor = open_monitor(options_);
    EXPECT_EQ(monitor->kept_baselines().state, KeptBaselines::State::kRefused);
    const std::string message = monitor->kept_baselines().message;
    EXPECT_THAT(message, HasSubstr(file_.path()));
    EXPECT_THAT(message, HasSubstr("byte 0: this is no baseline file"));
    EXPECT_THAT(message, HasSubstr("export the baselines again"));
    run_sender(*monitor, kT0, 100);
    EXPECT_THAT(baselines_of(*monitor), HasSubstr("tx_bytes\tbytes\t60\tusual"));
  }
  EXPECT_THAT(content(aside(1)), HasSubstr("diary"));
  EXPECT_TRUE(read_baselines(file_.path()).ok());
}

TEST_F(KeptBaselinesTest, ACutFileIsNamedByItsByteAndKeptBesideAnEarlierOne) {
  learn();
  const std::string whole = file_.read();
  std::ofstream(aside(1)) << "an earlier one";
  file_.write(std::string_view(whole).substr(0, whole.size() - 10));
  {
    std::unique_ptr<Monitor> monitor = open_monitor(options_);
    EXPECT_THAT(monitor->kept_baselines().message, HasSubstr("ends within a record"));
    run_sender(*monitor, kT0, 10);
  }
  EXPECT_EQ(content(aside(1)), "an earlier one");
  EXPECT_EQ(content(aside(2)), whole.substr(0, whole.size() - 10));
}

TEST_F(KeptBaselinesTest, ARunWithoutEventsWritesNothing) {
  { open_monitor(options_); }
  EXPECT_NE(::access(file_.path().c_str(), F_OK), 0);
}

// --- who may write the file ---

class WhoSavesTest : public KeptBaselinesTest {
 protected:
  // True: a run of a source of that kind, which knows something, has written the file.
  bool saves(Kind kind, BaselinesSave save) {
    ::unlink(file_.path().c_str());
    const ScratchFile known(".baselines");
    std::unique_ptr<Monitor> teacher = open_monitor();
    run_sender(*teacher, kT0, 100);
    EXPECT_TRUE(teacher->export_baselines(known.path()).ok());
    options_.baselines_save = save;
    {
      std::unique_ptr<Monitor> monitor = open_monitor(options_);
      EXPECT_TRUE(monitor->import_baselines(known.path()).ok());
      const TimeNs begin = kind == Kind::kLive ? os::boottime_ns() - kSecond : kLater;
      EXPECT_TRUE(monitor->add_source(std::make_unique<Sender>(begin, 10, 50'000, kind), "sender:", {}).ok());
      run(*monitor);
      EXPECT_THAT(baselines_of(*monitor), HasSubstr("/usr/bin/sender"));
    }
    return ::access(file_.path().c_str(), F_OK) == 0;
  }
  // Whatever it learns of its made-up programs: it does not know who is in the file, and leaves that alone.
  void expect_untouched(const std::string& uri) {
    const std::string before = file_.read();
    ASSERT_TRUE(before.size() > 1'000);
    {
      std::unique_ptr<Monitor> monitor = open_monitor(options_);
      ASSERT_TRUE(monitor->add_source(uri).ok());
      run(*monitor);
      EXPECT_NE(baselines_of(*monitor), "== baselines\n");
      EXPECT_THAT(baselines_of(*monitor), Not(HasSubstr("/usr/bin/sender")));
    }
    EXPECT_TRUE(file_.read() == before);
  }
};

TEST_F(WhoSavesTest, ALiveRunWritesTheFileUnlessItIsToldNotTo) {
  EXPECT_TRUE(saves(Kind::kLive, BaselinesSave::kLive));
  EXPECT_TRUE(saves(Kind::kLive, BaselinesSave::kAny));
  EXPECT_FALSE(saves(Kind::kLive, BaselinesSave::kNever));
}

TEST_F(WhoSavesTest, AFileThatIsReadWritesItOnlyWhenAsked) {
  EXPECT_FALSE(saves(Kind::kFile, BaselinesSave::kLive));
  EXPECT_TRUE(saves(Kind::kFile, BaselinesSave::kAny));
  EXPECT_FALSE(saves(Kind::kFile, BaselinesSave::kNever));
}

TEST_F(WhoSavesTest, WhatNeverHappenedIsNeverWritten) {
  EXPECT_FALSE(saves(Kind::kMadeUp, BaselinesSave::kAny));
}

TEST_F(WhoSavesTest, ADrillNeitherReadsNorWritesTheFile) {
  learn();
  expect_untouched("drill:scan");
}

TEST_F(WhoSavesTest, ASyntheticHostNeitherReadsNorWritesTheFile) {
  options_.bounds.baseline_interval_s = 1;
  run_sender(*open_monitor(options_), kT0, 10);
  expect_untouched("synthetic:?seed=3&events=60000");
}

TEST_F(WhoSavesTest, WhatWasOnlyImportedIsNotWritten) {
  const ScratchFile foreign(".baselines");
  {
    std::unique_ptr<Monitor> elsewhere = open_monitor();
    run_sender(*elsewhere, kT0, 200);
    ASSERT_TRUE(elsewhere->export_baselines(foreign.path()).ok());
  }
  {
    std::unique_ptr<Monitor> monitor = open_monitor(options_);
    ASSERT_TRUE(monitor->import_baselines(foreign.path()).ok());
    ASSERT_TRUE(monitor->flush().ok());
    EXPECT_THAT(baselines_of(*monitor), HasSubstr("/usr/bin/sender"));
  }
  EXPECT_NE(::access(file_.path().c_str(), F_OK), 0);
}

TEST_F(KeptBaselinesTest, BaselinesOfAnotherIntervalAreRefusedWithTheSettingThatWouldHelp) {
  learn();
  options_.bounds.baseline_interval_s = 10;
  std::unique_ptr<Monitor> monitor = open_monitor(options_);
  EXPECT_THAT(monitor->kept_baselines().message, HasSubstr("set baselines_interval = 60s"));
}

TEST_F(KeptBaselinesTest, AppsOfTheFileThatThisRunHasNotMetStayInIt) {
  learn();
  Result<baseline::BaselineSet> set = read_baselines(file_.path());
  ASSERT_TRUE(set.ok());
  const baseline::Baseline other = set->all().begin()->second;
  ASSERT_TRUE(set->put("/usr/bin/other user", 0, other).ok());
  ASSERT_TRUE(write_baselines(file_.path(), *set).ok());
  options_.bounds.baselines_max = 1;  // So that memory has room for one of them.
  run_sender(*open_monitor(options_), kLater, 100);
  Result<baseline::BaselineSet> after = read_baselines(file_.path());
  ASSERT_TRUE(after.ok()) << after.status().message();
  EXPECT_NE(after->find("/usr/bin/other user", 0), nullptr);
}

TEST_F(KeptBaselinesTest, WhatIsInheritedAndNotConfirmedStaysSoAcrossRuns) {
  learn();
  Result<baseline::BaselineSet> set = read_baselines(file_.path());
  ASSERT_TRUE(set.ok());
  const std::string app = set->all().begin()->first.app;
  set->set_unconfirmed(app, true);
  ASSERT_TRUE(write_baselines(file_.path(), *set).ok());
  {
    std::unique_ptr<Monitor> monitor = open_monitor(options_);
    run_sender(*monitor, kLater, 100);
    EXPECT_THAT(baselines_of(*monitor), HasSubstr("tx_bytes\tbytes\t60\tunconfirmed\t"));
  }
  EXPECT_TRUE(read_baselines(file_.path())->unconfirmed(app));
  run_sender(*open_monitor(options_), 2 * kLater, 400);  // As expected for long enough.
  EXPECT_FALSE(read_baselines(file_.path())->unconfirmed(app));
}

// A spike over what was learned: as far, as rare and as sure as the baseline says.
TEST_F(KeptBaselinesTest, AnAlertOfABaselineSaysHowFarHowRareAndHowSure) {
  std::unique_ptr<Monitor> monitor = open_monitor();
  run_sender(*monitor, kT0, 1'600, 80e6);
  const auto rows = [&](std::string_view filter) {
    const query::TableInfo* alerts = query::find_table("alerts");
    Result<query::Filter> parsed = query::parse_filter(filter, alerts->columns, {});
    EXPECT_TRUE(parsed.ok()) << parsed.status().message();
    Result<std::unique_ptr<query::Cursor>> cursor = query::Cursor::open(alerts->open(*monitor->snapshot()), *parsed);
    std::uint64_t count = 0;
    while ((*cursor)->next().ok()) ++count;
    return count;
  };
  EXPECT_EQ(rows("kind = bandwidth"), 1U);
  EXPECT_EQ(rows("kind = bandwidth\ndeviation_percent >= 140000\ndeviation_percent <= 160000"), 1U);
  EXPECT_EQ(rows("kind = bandwidth\ntail_probability != 0\ntail_probability <= 0.001"), 1U);
  EXPECT_EQ(rows("kind = bandwidth\nconfidence >= 0.98\nconfidence <= 0.99"), 1U);  // 1,600 of 1,630.
  EXPECT_EQ(rows("kind = bandwidth\nlisted = null"), 1U);
}

TEST_F(KeptBaselinesTest, AFolderThatCannotBeWrittenIsSaidAndNothingElseHappens) {
  options_.baselines_path = file_.path() + "-no-such-folder/baselines";
  std::unique_ptr<Monitor> monitor = open_monitor(options_);
  run_sender(*monitor, kT0, 10);
  EXPECT_EQ(monitor->export_baselines(options_.baselines_path).code(), Code::kNotFound);
}

TEST_F(KeptBaselinesTest, WhatIsExportedAnotherMonitorImportsAndShowsWithoutAnySource) {
  const ScratchFile exported(".baselines");
  std::unique_ptr<Monitor> monitor = open_monitor();
  run_sender(*monitor, kT0, 200);
  ASSERT_TRUE(monitor->export_baselines(exported.path()).ok());
  std::unique_ptr<Monitor> other = open_monitor();
  ASSERT_TRUE(other->import_baselines(exported.path()).ok());
  ASSERT_TRUE(other->flush().ok());
  EXPECT_THAT(baselines_of(*other), HasSubstr("/usr/bin/sender"));
  EXPECT_THAT(baselines_of(*other), Not(HasSubstr("alarm")));
  const ScratchFile again(".baselines");
  ASSERT_TRUE(other->export_baselines(again.path()).ok());
  EXPECT_TRUE(again.read() == exported.read());
  struct stat info {};
  ASSERT_EQ(::stat(exported.path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(KeptBaselinesTest, WhatIsImportedInTheMiddleIsMergedAndStandsInTheRecording) {
  const ScratchFile exported(".baselines"), log(".ipmlog");
  std::unique_ptr<Monitor> teacher = open_monitor();
  run_sender(*teacher, kT0, 200);
  ASSERT_TRUE(teacher->export_baselines(exported.path()).ok());

  std::unique_ptr<Monitor> monitor = open_monitor();
  ASSERT_TRUE(monitor->record(log.path().c_str()).ok());
  ASSERT_TRUE(monitor->add_source(std::make_unique<Sender>(kLater, 50, 50'000), "sender:", {}).ok());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(monitor->step(0).ok());
  ASSERT_TRUE(monitor->import_baselines(exported.path()).ok());
  run(*monitor);
  ASSERT_TRUE(monitor->record(nullptr).ok());
  std::unique_ptr<Monitor> replay = open_monitor();
  ASSERT_TRUE(replay->add_source("replay:" + log.path()).ok());
  run(*replay);
  EXPECT_TRUE(dump_tables(*replay) == dump_tables(*monitor));
  EXPECT_THAT(baselines_of(*monitor), HasSubstr("\t248\t"));
}

TEST_F(KeptBaselinesTest, WithBaselinesOffNothingIsLearnedAndTheFileStays) {
  learn();
  const std::string before = file_.read();
  options_.bounds.baselines_off = 1;
  {
    std::unique_ptr<Monitor> monitor = open_monitor(options_);
    run_sender(*monitor, kLater, 100);
    EXPECT_EQ(baselines_of(*monitor), "== baselines\n");
    EXPECT_EQ(monitor->import_baselines(file_.path()).code(), Code::kState);
  }
  EXPECT_TRUE(file_.read() == before);
}

}  // namespace
}  // namespace ipm::monitor

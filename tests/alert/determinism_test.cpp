// The same log gives the same alerts, and so does one in which nothing differs but names, addresses, pids and the week.
#include <gtest/gtest.h>

#include "support/alert_run.h"
#include "support/small_host.h"

namespace ipm::alert {
namespace {

using namespace ipm::test;  // NOLINT: the script is the language of these tests.

// A bad third day: something of nearly everything.
HostScript bad_day(Disguise disguise = {}) {
  HostScript script = learned_host(disguise);
  Random random(11);
  script.stream(kThirdDay, kPilot, "192.0.2.66", 22, 10 * kSecond, 60, 500'000, 1'000);
  for (int i = 0; i < 60; ++i) script.connect(kThirdDay + i * 5 * kMinute, kCrate, "192.0.2.70", 443, 600, 300);
  for (int i = 0; i < 40; ++i)
    script.fail(kThirdDay + i * kMinute, kLedger, address("10.4.77", 1 + static_cast<std::uint64_t>(i)), 6379);
  for (int i = 0; i < 8; ++i)
    script.connect(kThirdDay + i * kMinute, kLetters, address("10.4.3", 20 + static_cast<std::uint64_t>(i)), 445, 900,
                   900);
  script.connect(kThirdDay, kTally, "192.0.2.90", 443, 1'500, 15'000);
  for (int i = 0; i < 200; ++i) {
    std::string label;
    for (int c = 0; c < 30; ++c) label += static_cast<char>('a' + random.below(26));
    script.ask(kThirdDay + i * kSecond, kWeaver, label + ".carrier.example");
  }
  for (int i = 0; i < 30; ++i)
    script.connect(kThirdDay + i * kMinute, kLetters, "10.4.1.25", 25, 20'000, 400, kSecond, 7.8);
  for (int i = 0; i < 30; ++i) script.reset(kThirdDay + i * 20 * kSecond, kCrate, "2001:db8:40::5", 443);
  return script;
}

std::vector<Raised> raised(HostScript script, std::uint64_t hash_seed = 0) {
  model::Settings settings;
  settings.hash_seed = hash_seed;
  AlertRun run(settings);
  run.feed(script.events());
  return run.changes();
}

TEST(DeterminismTest, TheSameLogGivesTheSameAlertsUnderAnyHashSeed) {
  const std::vector<Raised> once = raised(bad_day(), 1);
  const std::vector<Raised> again = raised(bad_day(), 0x5eed'5eed'5eed'5eedULL);
  ASSERT_GT(once.size(), 8U);
  ASSERT_EQ(once.size(), again.size());
  for (std::size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(once[i].time_ns, again[i].time_ns);
    EXPECT_EQ(once[i].id, again[i].id);
    EXPECT_EQ(once[i].change, again[i].change);
    EXPECT_EQ(once[i].score, again[i].score);
    EXPECT_EQ(once[i].evidence, again[i].evidence);
  }
}

TEST(DeterminismTest, NamesAddressesPidsAndTheWeekDoNotMatter) {
  const Disguise disguise{.on = true, .shift_ns = 3 * 7 * kDay};
  const std::vector<Raised> plain = raised(bad_day());
  const std::vector<Raised> disguised = raised(bad_day(disguise));
  ASSERT_GT(plain.size(), 8U);
  ASSERT_EQ(plain.size(), disguised.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    EXPECT_EQ(plain[i].time_ns + disguise.shift_ns, disguised[i].time_ns) << plain[i].evidence;
    EXPECT_EQ(plain[i].kind, disguised[i].kind);
    EXPECT_EQ(plain[i].change, disguised[i].change);
    EXPECT_EQ(plain[i].severity, disguised[i].severity);
    EXPECT_EQ(plain[i].score, disguised[i].score) << plain[i].evidence;
    EXPECT_EQ(plain[i].port, disguised[i].port);
    EXPECT_EQ(disguise.program(plain[i].comm), disguised[i].comm);
    EXPECT_EQ(disguise.pid(plain[i].pid), disguised[i].pid);
  }
}

}  // namespace
}  // namespace ipm::alert

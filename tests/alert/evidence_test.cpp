// What a kind fires for besides its drill (drill_test.cpp), and the honest look-alikes, for which it does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/alert_run.h"
#include "support/small_host.h"

namespace ipm::alert {
namespace {

using namespace ipm::test;  // NOLINT: the script is the language of these tests.
using testing::IsEmpty;

// The sentences of the alerts of one kind that opened for a program since the third day began.
std::vector<std::string> sentences(HostScript& script, std::string_view kind, const Persona& who) {
  AlertRun run;
  run.feed(script.events());
  std::vector<std::string> out;
  for (const Raised& each : run.opened(kind)) {
    if (each.comm == who.name && each.time_ns >= kScriptBegin + 2 * kDay) out.push_back(each.evidence);
  }
  return out;
}

#define EXPECT_ONE(script, kind, who, sentence) \
  EXPECT_THAT(sentences(script, kind, who), testing::ElementsAre(sentence))

TEST(EvidenceTest, ExfilSlowly) {
  HostScript script = learned_host();
  for (int i = 0; i < 60; ++i) script.connect(kThirdDay + i * 12 * kMinute, kCrate, "192.0.2.66", 443, 200'000, 2'000);
  EXPECT_ONE(script, "exfil", kCrate,
             "crate (pid 304) sent 1.6 MB to 192.0.2.66:443 and got 16.0 kB back, in 8 connections since 2023-11-17 "
             "07:13 UTC, when it first talked to that network; its largest day to all other peers was 897 kB.");
}

TEST(EvidenceTest, ExfilIsNotADownloadFromANewPeer) {
  HostScript script = learned_host();
  script.stream(kThirdDay, kPilot, "192.0.2.66", 443, 10 * kSecond, 60, 50'000, 5'000'000);
  EXPECT_THAT(sentences(script, "exfil", kPilot), IsEmpty());
}

TEST(EvidenceTest, BandwidthOfABackupIsUsual) {
  HostScript script = learned_host();
  script.stream(kThirdDay, kVault, "198.51.100.20", 443, 10 * kSecond, 60, 4'000'000, 900);
  EXPECT_THAT(sentences(script, "bandwidth", kVault), IsEmpty());
}

TEST(EvidenceTest, BeaconIsNotWhatAPersonDoesAtANewSite) {
  HostScript script = learned_host();
  Random random(7);
  TimeNs at = kThirdDay;
  for (int i = 0; i < 80; ++i) {
    at += random.one_in(4) ? static_cast<TimeNs>(random.below(1'800)) * kSecond
                           : static_cast<TimeNs>(random.below(30)) * kSecond;
    script.connect(at, kWeaver, "192.0.2.66", 443, 600 + random.below(9'000), 40'000);
  }
  EXPECT_THAT(sentences(script, "beacon", kWeaver), IsEmpty());
}

TEST(EvidenceTest, ScanOfHostsSlowly) {
  HostScript script = learned_host();
  for (int i = 0; i < 40; ++i)
    script.fail(kThirdDay + i * 200 * kSecond, kCrate, address("10.4.77", 1 + static_cast<std::uint64_t>(i)), 6379,
                i % 2 == 0 ? ETIMEDOUT : ECONNREFUSED);
  EXPECT_ONE(
      script, "scan", kCrate,
      "crate (pid 304) tried 6 hosts on port 6379 that it had never tried and that did not answer, since 2023-11-17 "
      "07:13 UTC; of its first contacts so far 23 % failed, and the most on one port in a day was 0.");
}

TEST(EvidenceTest, ScanOfPorts) {
  HostScript script = learned_host();
  for (int i = 0; i < 40; ++i)
    script.fail(kThirdDay + i * kSecond, kLedger, "10.4.1.9", static_cast<std::uint16_t>(1'000 + i * 7));
  EXPECT_ONE(
      script, "scan", kLedger,
      "ledgerd (pid 301) tried 6 ports of 10.4.1.9 that it had never tried and that did not answer, since 2023-11-17 "
      "07:13 UTC; of its first contacts so far 75 % failed, and the most on one host in a day was 0.");
}

TEST(EvidenceTest, ScanIsNotADatabaseThatIsDown) {
  HostScript script = learned_host();
  for (int i = 0; i < 40; ++i) script.fail(kThirdDay + i * 30 * kSecond, kLedger, "10.4.1.9", 5432);
  EXPECT_THAT(sentences(script, "scan", kLedger), IsEmpty());
}

TEST(EvidenceTest, ScanOfWhoScansEveryDayIsUsual) {
  HostScript script = learned_host();
  EXPECT_THAT(sentences(script, "scan", kAuditor), IsEmpty());
}

TEST(EvidenceTest, LateralIsNotOneHostAgainAndAgain) {
  HostScript script = learned_host();
  for (int i = 0; i < 8; ++i)
    script.connect(kThirdDay + i * 10 * kMinute, kCrate, "10.4.3.20", 5985, 9'000, 7'000, 4 * kSecond);
  EXPECT_THAT(sentences(script, "lateral", kCrate), IsEmpty());
}

TEST(EvidenceTest, NewDestinationOfABrowserIsItsBusiness) {
  HostScript script = learned_host();
  script.connect(kThirdDay, kWeaver, "192.0.2.66", 443, 1'500, 15'000);
  EXPECT_THAT(sentences(script, "new_dest", kWeaver), IsEmpty());
}

TEST(EvidenceTest, OddPortIsNotOneThatItUsedBefore) {
  HostScript script = learned_host();
  script.connect(kHour, kPilot, "198.51.100.7", 6667, 1'500, 4'000);
  script.connect(kThirdDay, kPilot, "198.51.100.7", 6667, 1'500, 4'000);
  EXPECT_THAT(sentences(script, "odd_port", kPilot), IsEmpty());
}

std::string random_label(Random& random, std::size_t length) {
  std::string label;
  for (std::size_t i = 0; i < length; ++i) label += "abcdefghijklmnopqrstuvwxyz234567"[random.below(32)];
  return label;
}

TEST(EvidenceTest, DnsTunnelWithShortNames) {
  HostScript script = learned_host();
  Random random(3);
  for (int i = 0; i < 300; ++i)
    script.ask(kThirdDay + i * 30 * kSecond, kWeaver, random_label(random, 12) + ".carrier.example");
  EXPECT_ONE(script, "dns_tunnel", kWeaver,
             "weaver (pid 303) asked for 101 different names under carrier.example since 2023-11-17 07:14 UTC, 97 "
             "% of its questions there for a name not asked before, 12 characters long with 3.2 bits each on "
             "average; ordinary domains have fewer than 50 names a day.");
}

TEST(EvidenceTest, DnsTunnelIsNotAnEstateWithManyNames) {
  HostScript script = learned_host();
  for (int i = 0; i < 600; ++i)
    script.ask(kThirdDay + i * 30 * kSecond, kWeaver, "node" + std::to_string(i % 90) + ".estate.example");
  EXPECT_THAT(sentences(script, "dns_tunnel", kWeaver), IsEmpty());
}

TEST(EvidenceTest, LongConnectionsToOldPeersAreUsual) {
  HostScript script = learned_host();
  script.stream(kThirdDay, kPilot, "198.51.100.7", 443, 61 * kSecond, 600, 3, 3'000);
  EXPECT_THAT(sentences(script, "long_conn", kPilot), IsEmpty());
}

TEST(EvidenceTest, MinerIsNotAConnectionThatIsKeptOpen) {
  HostScript script = learned_host();
  script.stream(kThirdDay, kTally, "203.0.113.10", 443, 35 * kSecond, 500, 200, 500);
  EXPECT_THAT(sentences(script, "miner", kTally), IsEmpty());
}

TEST(EvidenceTest, EntropyOfOneAttachmentIsNothing) {
  HostScript script = learned_host();
  for (int i = 0; i < 4; ++i)
    script.connect(kThirdDay + i * kMinute, kLetters, "10.4.1.25", 25, 20'000, 400, kSecond, 7.8);
  EXPECT_THAT(sentences(script, "entropy", kLetters), IsEmpty());
}

TEST(EvidenceTest, ChurnIsNotABusyMinute) {
  HostScript script = learned_host();
  for (int i = 0; i < 300; ++i)
    script.connect(kThirdDay + i * 150 * kMillisecond, kCrate, "2001:db8:40::5", 443, 300, 300);
  EXPECT_THAT(sentences(script, "churn", kCrate), IsEmpty());
}

TEST(EvidenceTest, FaultIsNotAFewResets) {
  HostScript script = learned_host();
  for (int i = 0; i < 4; ++i) script.reset(kThirdDay + i * 20 * kSecond, kCrate, "2001:db8:40::5", 443);
  EXPECT_THAT(sentences(script, "fault", kCrate), IsEmpty());
}

TEST(EvidenceTest, LatencyOfOneSlowAnswerIsNothing) {
  HostScript script = learned_host();
  for (int i = 0; i < 200; ++i) script.round_trip(kDay + i * kMinute, kCrate, "2001:db8:40::5", 443, 20'000);
  script.round_trip(kThirdDay, kCrate, "2001:db8:40::5", 443, 900'000);
  EXPECT_THAT(sentences(script, "latency", kCrate), IsEmpty());
}

// `hours` of delays, one a minute.
void answer(HostScript& script, TimeNs from, int hours, std::uint32_t srtt_us) {
  for (int i = 0; i < hours * 60; ++i) script.round_trip(from + i * kMinute, kCrate, "2001:db8:40::5", 443, srtt_us);
}

TEST(EvidenceTest, LatencyThatStaysIsToldOnceAndMoreOfItAgain) {
  HostScript script = learned_host();
  answer(script, kHour, 30, 20'000);
  answer(script, 2 * kDay, 72, 200'000);
  answer(script, 5 * kDay, 4, 1'000'000);
  AlertRun run;
  run.feed(script.events());
  ASSERT_EQ(run.opened("latency").size(), 2U);
  EXPECT_THAT(run.opened("latency")[0].evidence, testing::HasSubstr("usual are 20 ms"));
  EXPECT_THAT(run.opened("latency")[1].evidence, testing::HasSubstr("usual are 205 ms"));
}

TEST(EvidenceTest, LatencyThatRisesFurtherEscalates) {
  HostScript script = learned_host();
  answer(script, kHour, 30, 20'000);
  answer(script, 2 * kDay, 2, 150'000);
  answer(script, 2 * kDay + 2 * kHour, 2, 2'000'000);
  AlertRun run;
  run.feed(script.events());
  std::vector<Change> changes;
  for (const Raised& each : run.changes()) {
    if (each.kind == "latency") changes.push_back(each.change);
  }
  EXPECT_THAT(changes, testing::ElementsAre(Change::kOpened, Change::kEscalated, Change::kEscalated, Change::kClosed));
}

// Who manages hosts turns to twenty new ones a day: one wave more is told whatever there was days ago.
TEST(EvidenceTest, LateralIsToldAgainWhenTheLastTimeIsForgotten) {
  HostScript script = learned_host();
  int host = 0;
  const auto wave = [&](TimeNs at, int hosts) {
    for (int i = 0; i < hosts; ++i, ++host) {
      const std::string remote = "10.5." + std::to_string(host / 200) + "." + std::to_string(host % 200 + 1);
      script.connect(at + i * kMinute, kLetters, remote, 22, 9'000, 7'000);
    }
  };
  wave(2 * kHour, 12);
  wave(2 * kDay, 60);
  wave(5 * kDay, 40);
  AlertRun run;
  run.feed(script.events());
  std::vector<TimeNs> days;
  for (const Raised& each : run.opened("lateral")) {
    if (each.comm == kLetters.name) days.push_back((each.time_ns - kScriptBegin) / kDay);
  }
  EXPECT_THAT(days, testing::ElementsAre(0, 2, 5));
}

TEST(EvidenceTest, AFileThatAnUpgradeDeletedIsNoSuspiciousOne) {
  EXPECT_FALSE(is_untrusted_path("/usr/sbin/daemon (deleted)"));
  EXPECT_TRUE(is_untrusted_path("/tmp/daemon (deleted)"));
  EXPECT_TRUE(is_untrusted_path("/memfd:daemon (deleted)"));
}

TEST(EvidenceTest, NewProgramUnderAServer) {
  HostScript script = learned_host();
  const Persona child{.name = "sh", .exe = "/usr/bin/sh", .pid = 901, .uid = 33, .parents = "porter"};
  script.start(kThirdDay, child);
  script.connect(kThirdDay, child, "192.0.2.66", 443, 500, 500);
  EXPECT_ONE(script, "new_program", child,
             "sh (pid 901) used the network for the first time at 2023-11-17 07:13 UTC; this host has been watched "
             "since 2023-11-14 22:13 UTC, and it runs from /usr/bin/sh; a program that serves the network started it.");
}

TEST(EvidenceTest, NewProgramIsNotOneOfTheFirstDay) {
  HostScript script = learned_host();
  const Persona early{.name = "morning", .exe = "/dev/shm/morning", .pid = 902};
  script.start(kHour, early);
  script.connect(kHour, early, "192.0.2.66", 443, 500, 500);
  AlertRun run;
  run.feed(script.events());
  EXPECT_THAT(run.opened("new_program"), IsEmpty());
}

TEST(EvidenceTest, ExecutableThatStartsAgainIsTheSame) {
  HostScript script = learned_host();
  script.start(kThirdDay, kPilot);
  EXPECT_THAT(sentences(script, "exe_changed", kPilot), IsEmpty());
}

TEST(EvidenceTest, ListenerThatWasThereBefore) {
  HostScript script = learned_host();
  script.listen(kHour, kPorter, 8'443);
  script.listen(kThirdDay, kPorter, 8'443);
  EXPECT_THAT(sentences(script, "listener", kPorter), IsEmpty());
}

}  // namespace
}  // namespace ipm::alert

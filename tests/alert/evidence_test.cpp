// Each kind fires for what it is about, with a sentence that says who, what, how unusual and since when; and beside it
// the honest look-alike, which does not.
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

TEST(EvidenceTest, ExfilToANewPeer) {
  HostScript script = learned_host();
  script.stream(kThirdDay, kPilot, "192.0.2.66", 443, 10 * kSecond, 60, 500'000, 1'000);
  EXPECT_ONE(script, "exfil", kPilot,
             "pilot (pid 309) sent 1.5 MB to 192.0.2.66:443 and got 3.0 kB back, in 1 connection since 2023-11-17 "
             "07:13 UTC, when it first talked to that network; its largest day to all other peers was 15.0 kB.");
}

TEST(EvidenceTest, ExfilSlowly) {
  HostScript script = learned_host();
  for (int i = 0; i < 60; ++i) script.connect(kThirdDay + i * 12 * kMinute, kCrate, "192.0.2.66", 443, 200'000, 2'000);
  EXPECT_ONE(script, "exfil", kCrate,
             "crate (pid 304) sent 1.6 MB to 192.0.2.66:443 and got 16.0 kB back, in 8 connections since 2023-11-17 "
             "07:13 UTC, when it first talked to that network; its largest day to all other peers was 900 kB.");
}

TEST(EvidenceTest, ExfilIsNotADownloadFromANewPeer) {
  HostScript script = learned_host();
  script.stream(kThirdDay, kPilot, "192.0.2.66", 443, 10 * kSecond, 60, 50'000, 5'000'000);
  EXPECT_THAT(sentences(script, "exfil", kPilot), IsEmpty());
}

TEST(EvidenceTest, BandwidthBeyondAllWindowsSoFar) {
  HostScript script = learned_host();
  script.stream(kThirdDay, kCrate, "203.0.40.5", 443, 10 * kSecond, 30, 10'000'000, 5'000'000);
  EXPECT_ONE(script, "bandwidth", kCrate,
             "crate (pid 304) sent 50.0 MB in the 9 min since 2023-11-17 07:05 UTC, the last part of it to "
             "203.0.40.5:443; the most in ten minutes so far was 15.3 kB, over 238 such windows with traffic.");
}

TEST(EvidenceTest, BandwidthOfABackupIsUsual) {
  HostScript script = learned_host();
  script.stream(kThirdDay, kVault, "198.51.100.20", 443, 10 * kSecond, 60, 4'000'000, 900);
  EXPECT_THAT(sentences(script, "bandwidth", kVault), IsEmpty());
}

TEST(EvidenceTest, BeaconWithJitterAndMissedCalls) {
  HostScript script = learned_host();
  Random random(7);
  for (int i = 0; i < 60; ++i) {
    if (i % 6 == 5) continue;
    const TimeNs at = kThirdDay + i * 5 * kMinute + static_cast<TimeNs>(random.below(90)) * kSecond;
    script.connect(at, kCrate, "192.0.2.66", 443, 600 + random.below(40), 300);
  }
  EXPECT_ONE(script, "beacon", kCrate,
             "crate (pid 304) calls 192.0.2.66:443 every 5 min: 16 connections since 2023-11-17 07:14 UTC, intervals "
             "regular to 96 % and sizes to 70 %; it never talked to that network before, and has known 9 networks "
             "since 2023-11-14 22:14 UTC.");
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

TEST(EvidenceTest, LateralToHostsInside) {
  HostScript script = learned_host();
  for (int i = 0; i < 8; ++i)
    script.connect(kThirdDay + i * 10 * kMinute, kCrate, address("10.4.3", 20 + static_cast<std::uint64_t>(i)), 5985,
                   9'000, 7'000, 4 * kSecond);
  EXPECT_ONE(script, "lateral", kCrate,
             "crate (pid 304) turned to port 5985 of 4 internal hosts that it had never talked to there, the last one "
             "10.4.3.23, since 2023-11-17 07:13 UTC; the most on one such port in a day was 0 in 430 connections.");
}

TEST(EvidenceTest, LateralIsNotOneHostAgainAndAgain) {
  HostScript script = learned_host();
  for (int i = 0; i < 8; ++i)
    script.connect(kThirdDay + i * 10 * kMinute, kCrate, "10.4.3.20", 5985, 9'000, 7'000, 4 * kSecond);
  EXPECT_THAT(sentences(script, "lateral", kCrate), IsEmpty());
}

TEST(EvidenceTest, NewDestinationOfANarrowProgram) {
  HostScript script = learned_host();
  script.connect(kThirdDay, kTally, "192.0.2.66", 443, 1'500, 15'000);
  EXPECT_ONE(script, "new_dest", kTally,
             "tallyd (pid 302) connected to 192.0.2.66:443 for the first time at 2023-11-17 07:13 UTC; since "
             "2023-11-14 22:14 UTC it made 852 connections to 2 networks, and met a new one in 1 of 876 connections.");
}

TEST(EvidenceTest, NewDestinationOfABrowserIsItsBusiness) {
  HostScript script = learned_host();
  script.connect(kThirdDay, kWeaver, "192.0.2.66", 443, 1'500, 15'000);
  EXPECT_THAT(sentences(script, "new_dest", kWeaver), IsEmpty());
}

TEST(EvidenceTest, OddPort) {
  HostScript script = learned_host();
  script.connect(kThirdDay, kPilot, "198.51.99.7", 6667, 1'500, 4'000);
  EXPECT_ONE(script, "odd_port", kPilot,
             "pilot (pid 309) connected to port 6667 for the first time, of 198.51.99.7, at 2023-11-17 07:13 UTC; in "
             "30 connections since 2023-11-14 22:14 UTC it used 1 port, and no other program here uses that one.");
}

TEST(EvidenceTest, OddPortIsNotOneThatItUsedBefore) {
  HostScript script = learned_host();
  script.connect(kHour, kPilot, "198.51.99.7", 6667, 1'500, 4'000);
  script.connect(kThirdDay, kPilot, "198.51.99.7", 6667, 1'500, 4'000);
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
             "weaver (pid 303) asked for 101 different names under carrier.example since 2023-11-17 07:13 UTC, 100 % "
             "of its questions there for a name not asked before, 13 characters long with 3.4 bits each on average; "
             "ordinary domains have fewer than 50 names a day.");
}

TEST(EvidenceTest, DnsTunnelIsNotAnEstateWithManyNames) {
  HostScript script = learned_host();
  for (int i = 0; i < 600; ++i)
    script.ask(kThirdDay + i * 30 * kSecond, kWeaver, "node" + std::to_string(i % 90) + ".estate.example");
  EXPECT_THAT(sentences(script, "dns_tunnel", kWeaver), IsEmpty());
}

TEST(EvidenceTest, LongConnectionToANewPeer) {
  HostScript script = learned_host();
  script.stream(kThirdDay, kPilot, "192.0.2.66", 443, 10 * kMinute, 66, 40, 3'000);
  EXPECT_ONE(script, "long_conn", kPilot,
             "pilot (pid 309) has held one connection to 192.0.2.66:443 for 4.0 h, since 2023-11-17 07:13 UTC; the "
             "longest to its old peers lasted 1.0 s, of 33 connections.");
}

TEST(EvidenceTest, LongConnectionsToOldPeersAreUsual) {
  HostScript script = learned_host();
  script.stream(kThirdDay, kPilot, "198.51.99.7", 443, 61 * kSecond, 600, 3, 3'000);
  EXPECT_THAT(sentences(script, "long_conn", kPilot), IsEmpty());
}

TEST(EvidenceTest, MinerThatReconnects) {
  HostScript script = learned_host();
  for (int i = 0; i < 6; ++i)
    script.stream(kThirdDay + i * kHour, kPilot, "192.0.2.66", 3333, 35 * kSecond, 100, 200, 500);
  EXPECT_ONE(script, "miner", kPilot,
             "pilot (pid 309) holds a steady exchange with 192.0.2.66:3333: 112 records, one every 35 s to 100 %, 200 "
             "B each, over 2 connections since 2023-11-17 07:13 UTC, when it first talked to that network; it has "
             "known 2 networks since 2023-11-14 22:14 UTC.");
}

TEST(EvidenceTest, MinerIsNotAConnectionThatIsKeptOpen) {
  HostScript script = learned_host();
  script.stream(kThirdDay, kTally, "203.0.113.10", 443, 35 * kSecond, 500, 200, 500);
  EXPECT_THAT(sentences(script, "miner", kTally), IsEmpty());
}

TEST(EvidenceTest, EntropyRisesAmongOrdinaryMail) {
  HostScript script = learned_host();
  for (int i = 0; i < 30; ++i)
    script.connect(kThirdDay + i * 2 * kMinute, kLetters, "10.4.1.25", 25, 20'000, 400, kSecond, 7.8);
  EXPECT_ONE(script, "entropy", kLetters,
             "letters (pid 307) sent data of 7.80 bits per byte on port 25, the newest to 10.4.1.25, several times "
             "until 2023-11-17 07:23 UTC; 227 records before it lay at 5.24 within 0.12 (compressed or encrypted data "
             "looks like that).");
}

TEST(EvidenceTest, EntropyOfOneAttachmentIsNothing) {
  HostScript script = learned_host();
  for (int i = 0; i < 4; ++i)
    script.connect(kThirdDay + i * kMinute, kLetters, "10.4.1.25", 25, 20'000, 400, kSecond, 7.8);
  EXPECT_THAT(sentences(script, "entropy", kLetters), IsEmpty());
}

TEST(EvidenceTest, ChurnOfConnections) {
  HostScript script = learned_host();
  for (int i = 0; i < 900; ++i) script.connect(kThirdDay + i * 50 * kMillisecond, kCrate, "203.0.40.5", 443, 300, 300);
  EXPECT_ONE(script, "churn", kCrate,
             "crate (pid 304) opened 600 connections within 30 s since 2023-11-17 07:13 UTC, the newest to "
             "203.0.40.5:443; its busiest minute so far had 1.");
}

TEST(EvidenceTest, ChurnIsNotABusyMinute) {
  HostScript script = learned_host();
  for (int i = 0; i < 300; ++i) script.connect(kThirdDay + i * 150 * kMillisecond, kCrate, "203.0.40.5", 443, 300, 300);
  EXPECT_THAT(sentences(script, "churn", kCrate), IsEmpty());
}

TEST(EvidenceTest, FaultOfOneProgram) {
  HostScript script = learned_host();
  for (int i = 0; i < 30; ++i) script.reset(kThirdDay + i * 20 * kSecond, kCrate, "203.0.40.5", 443);
  EXPECT_ONE(script, "fault", kCrate,
             "crate (pid 304) lost 9 of its last 12 connections since 2023-11-17 07:13 UTC, the newest reset with "
             "203.0.40.5:443; usually 2.3 % fail.");
}

TEST(EvidenceTest, FaultIsNotAFewResets) {
  HostScript script = learned_host();
  for (int i = 0; i < 4; ++i) script.reset(kThirdDay + i * 20 * kSecond, kCrate, "203.0.40.5", 443);
  EXPECT_THAT(sentences(script, "fault", kCrate), IsEmpty());
}

TEST(EvidenceTest, LatencyRises) {
  HostScript script = learned_host();
  for (int i = 0; i < 200; ++i) script.round_trip(kDay + i * kMinute, kCrate, "203.0.40.5", 443, 20'000);
  for (int i = 0; i < 60; ++i) script.round_trip(kThirdDay + i * kMinute, kCrate, "203.0.40.5", 443, 300'000);
  EXPECT_ONE(script, "latency", kCrate,
             "crate (pid 304) waits 97 ms for answers, the newest from 203.0.40.5:443, since 2023-11-17 07:16 UTC; "
             "usual are 22 ms over 205 samples.");
}

TEST(EvidenceTest, LatencyOfOneSlowAnswerIsNothing) {
  HostScript script = learned_host();
  for (int i = 0; i < 200; ++i) script.round_trip(kDay + i * kMinute, kCrate, "203.0.40.5", 443, 20'000);
  script.round_trip(kThirdDay, kCrate, "203.0.40.5", 443, 900'000);
  EXPECT_THAT(sentences(script, "latency", kCrate), IsEmpty());
}

TEST(EvidenceTest, NewProgramFromAPlaceForAnybody) {
  HostScript script = learned_host();
  const Persona stranger{.name = "kthing", .exe = "/dev/shm/kthing", .pid = 900};
  script.start(kThirdDay, stranger);
  script.connect(kThirdDay, stranger, "192.0.2.66", 443, 500, 500);
  EXPECT_ONE(script, "new_program", stranger,
             "kthing (pid 900) used the network for the first time at 2023-11-17 07:13 UTC; this host has been watched "
             "since 2023-11-14 22:13 UTC, and it runs from /dev/shm/kthing, where anybody may put a program.");
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

TEST(EvidenceTest, ExecutableChangedUnderItsName) {
  HostScript script = learned_host();
  script.start(kThirdDay, kPilot, true);
  EXPECT_ONE(script, "exe_changed", kPilot,
             "pilot (pid 309) runs another file than before under its name, as of 2023-11-17 07:13 UTC: "
             "/usr/bin/pilot; as what it was before it has used the network since 2023-11-14 22:14 UTC.");
}

TEST(EvidenceTest, ExecutableThatStartsAgainIsTheSame) {
  HostScript script = learned_host();
  script.start(kThirdDay, kPilot);
  EXPECT_THAT(sentences(script, "exe_changed", kPilot), IsEmpty());
}

TEST(EvidenceTest, ListenerOnANewPort) {
  HostScript script = learned_host();
  script.listen(kThirdDay, kPorter, 31'337);
  EXPECT_ONE(script, "listener", kPorter,
             "porter (pid 306) began to listen on 10.4.0.2:31337 at 2023-11-17 07:13 UTC, a port on which it was not "
             "seen to listen since 2023-11-14 22:14 UTC.");
}

TEST(EvidenceTest, ListenerThatWasThereBefore) {
  HostScript script = learned_host();
  script.listen(kHour, kPorter, 8'443);
  script.listen(kThirdDay, kPorter, 8'443);
  EXPECT_THAT(sentences(script, "listener", kPorter), IsEmpty());
}

}  // namespace
}  // namespace ipm::alert

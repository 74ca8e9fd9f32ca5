// On hosts of every kind: what is open to see is seen, each kind of attack by its own name, and honest days are quiet.
// Hosts are drawn from seeds, so these are shares and not single alerts; bench/detect has more days and the figures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "support/alert_run.h"
#include "support/estate.h"

namespace ipm::alert {
namespace {

using namespace ipm::test;  // NOLINT: the hosts are the language of these tests.

constexpr TimeNs kGrace = 15 * kMinute;

// The kinds that count as right, as bench/detect/score_behaviour.py has them.
const std::set<std::string>& right_kinds(const std::string& attack) {
  static const std::map<std::string, std::set<std::string>> kKinds = {{"exfil_slow", {"exfil", "bandwidth"}},
                                                                      {"exfil_burst", {"exfil", "bandwidth"}},
                                                                      {"beacon", {"beacon"}},
                                                                      {"scan_h", {"scan"}},
                                                                      {"scan_v", {"scan"}},
                                                                      {"new_dest", {"new_dest"}},
                                                                      {"odd_port", {"odd_port", "new_dest"}},
                                                                      {"dns_tunnel", {"dns_tunnel"}},
                                                                      {"miner", {"long_conn", "miner", "beacon"}},
                                                                      {"lateral", {"lateral", "scan"}},
                                                                      {"entropy", {"entropy"}},
                                                                      {"fault", {"fault"}}};
  return kKinds.at(attack);
}

struct Judged {
  Estate host;
  std::vector<Raised> alerts = {};  // Those of programs that are more than notes, after training.
  TimeNs begin = 0;

  bool within(const Attack& attack, const Raised& alert) const {
    return alert.pid == attack.who.pid && alert.time_ns >= begin + attack.span.from &&
           alert.time_ns <= begin + attack.span.until + kGrace;
  }
  bool found(const Attack& attack) const {
    return std::any_of(alerts.begin(), alerts.end(), [&](const Raised& alert) {
      return within(attack, alert) && right_kinds(attack.kind).count(alert.kind) != 0;
    });
  }
  std::vector<std::string> false_alarms() const {
    std::vector<std::string> out;
    for (const Raised& alert : alerts) {
      const bool meant = std::any_of(host.attacks.begin(), host.attacks.end(),
                                     [&](const Attack& attack) { return within(attack, alert); });
      if (!meant) out.push_back(alert.kind + ": " + alert.evidence);
    }
    return out;
  }
};

Judged judge(HostKind kind, std::uint64_t seed, EstateOptions options) {
  options.train_days = 2;
  options.test_days = 1;
  Judged judged{.host = make_estate(kind, seed, options)};
  const std::vector<model::Event>& events = judged.host.script.events();
  judged.begin = events.front().header.time_ns;
  AlertRun run;
  run.feed(events);
  for (const Raised& each : run.opened()) {
    if (each.severity != Severity::kInfo && each.pid != 0 && each.time_ns >= judged.begin + judged.host.train_end)
      judged.alerts.push_back(each);
  }
  return judged;
}

class EstateTest : public testing::TestWithParam<std::size_t> {
 protected:
  HostKind kind() const { return static_cast<HostKind>(GetParam()); }
};

TEST_P(EstateTest, AnHonestDayIsQuiet) {
  const Judged judged = judge(kind(), 7, {.attacks = false, .disturbances = false});
  EXPECT_LE(judged.false_alarms().size(), 1U) << testing::PrintToString(judged.false_alarms());
}

TEST_P(EstateTest, MostOfWhatHappensIsToldByItsNameAndLittleElse) {
  const Judged judged = judge(kind(), 3, {});
  std::size_t found = 0;
  for (const Attack& attack : judged.host.attacks) found += judged.found(attack) ? 1 : 0;
  EXPECT_GE(4 * found, 3 * judged.host.attacks.size());
  EXPECT_LE(judged.false_alarms().size(), 3U) << testing::PrintToString(judged.false_alarms());
}

INSTANTIATE_TEST_SUITE_P(Hosts, EstateTest, testing::Range<std::size_t>(0, kHostKinds),
                         [](const auto& which) { return std::string(name_of(static_cast<HostKind>(which.param))); });

class AttackTest : public testing::TestWithParam<const char*> {};

TEST_P(AttackTest, IsFoundByItsNameOnMostHosts) {
  std::size_t done = 0, found = 0;
  for (const HostKind kind : {HostKind::kLaptop, HostKind::kMailServer, HostKind::kBackup, HostKind::kWorkstation}) {
    const Judged judged = judge(kind, 11, {.disturbances = false, .only = {GetParam()}});
    for (const Attack& attack : judged.host.attacks) {
      ++done;
      found += judged.found(attack) ? 1 : 0;
    }
  }
  EXPECT_GE(done, 3U);
  EXPECT_GE(found + 1, done) << found << " of " << done;
}

INSTANTIATE_TEST_SUITE_P(Kinds, AttackTest,
                         testing::Values("exfil_slow", "exfil_burst", "beacon", "scan_h", "scan_v", "new_dest",
                                         "odd_port", "dns_tunnel", "miner", "lateral", "entropy", "fault"),
                         [](const auto& which) { return std::string(which.param); });

// The same days under other names, addresses and pids, in another week, with another hash seed.
std::vector<Raised> changes(HostKind kind, const Disguise& disguise, std::uint64_t hash_seed) {
  Estate host = make_estate(kind, 5, {.train_days = 2, .test_days = 1, .disguise = disguise});
  model::Settings settings;
  settings.hash_seed = hash_seed;
  AlertRun run(settings);
  run.feed(host.script.events());
  return run.changes();
}

TEST(EstateDeterminismTest, NamesAddressesPidsAndTheWeekDoNotMatter) {
  const Disguise disguise{.on = true, .shift_ns = 5 * 7 * kDay};
  for (const HostKind kind : {HostKind::kLaptop, HostKind::kWebServer, HostKind::kMailServer}) {
    const std::vector<Raised> plain = changes(kind, {}, 1);
    const std::vector<Raised> disguised = changes(kind, disguise, 0x5eed);
    ASSERT_GT(plain.size(), 20U);
    ASSERT_EQ(plain.size(), disguised.size()) << name_of(kind);
    for (std::size_t i = 0; i < plain.size(); ++i) {
      EXPECT_EQ(plain[i].time_ns + disguise.shift_ns, disguised[i].time_ns) << plain[i].evidence;
      EXPECT_EQ(plain[i].kind, disguised[i].kind);
      EXPECT_EQ(plain[i].change, disguised[i].change);
      EXPECT_EQ(plain[i].severity, disguised[i].severity);
      EXPECT_EQ(plain[i].score, disguised[i].score) << plain[i].evidence;
      EXPECT_EQ(plain[i].notified, disguised[i].notified);
      EXPECT_EQ(plain[i].port, disguised[i].port);
      if (plain[i].pid != 0) {
        EXPECT_EQ(disguise.pid(plain[i].pid), disguised[i].pid);
      }
    }
  }
}

}  // namespace
}  // namespace ipm::alert

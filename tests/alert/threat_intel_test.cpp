// A program deals with what a list warns of: one alert for each program and indicator, whose sentence says who, what,
// on which list and since when, and how much.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/alert_run.h"
#include "support/events.h"
#include "support/labels.h"

namespace ipm::alert {
namespace {

using namespace ipm::test;  // NOLINT: the event builders are the language of these tests.
using testing::ElementsAre;
using testing::IsEmpty;

constexpr model::ProcessKey kCurl(12, 120);
constexpr TimeNs kUnix0 = 1'700'000'000 * kSecond;  // Wall time of kT0: 2023-11-14 22:13:20.

enum Id : std::uint32_t { kFeed = 1, kAddress, kDescription, kDomain, kName, kPrint, kNetwork };

class ThreatIntelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    model::ClockAnchor anchor;
    anchor.boottime_ns = kT0;
    anchor.realtime_ns = kUnix0;
    feed({model::make_event(kT0, model::EventKind::kClockAnchor, {}, 0, anchor), text(kT0, kFeed, "feodo"),
          text(kT0, kAddress, "192.0.2.7"), text(kT0, kDescription, "Dridex"), text(kT0, kDomain, "evil.test"),
          text(kT0, kName, "c2.evil.test"), text(kT0, kPrint, "t13d1516h2_8daaf6152771_b186095e22b6"),
          text(kT0, kNetwork, "192.0.2.0/24"), start(kT0, kCurl, "curl")});
  }
  void feed(std::initializer_list<model::Event> events) { run_.feed({events.begin(), events.size()}); }
  ListedTexts address() const {
    return {
        .indicator = kAddress, .feed = kFeed, .description = kDescription, .listed_unix_ns = kUnix0 - 5 * 24 * kHour};
  }
  ListedTexts name() const {
    return {.subject = kName, .indicator = kDomain, .feed = kFeed, .as = model::ListedAs::kName};
  }
  std::vector<std::string> sentences() const {
    std::vector<std::string> out;
    for (const Raised& each : run_.opened("threat_intel")) out.push_back(each.evidence);
    return out;
  }
  const Raised& last() const { return run_.changes().back(); }

  AlertRun run_;
};

TEST_F(ThreatIntelTest, AConnectionToAListedAddress) {
  feed({geo(kT0, "192.0.2.7", "DE", 64'496), listed(kT0, 0, tuple(1, 443), address()),
        open(kT0, 1, tuple(1, 443), kCurl)});
  EXPECT_THAT(
      sentences(),
      ElementsAre("curl (pid 12) connected to 192.0.2.7:443 (AS64496, DE), which the list feodo has as 192.0.2.7 "
                  "(Dridex) since 2023-11-09 22:13 UTC, 5.0 days ago: 1 connection since 2023-11-14 22:13 UTC, "
                  "0 B sent and 0 B received."));
  EXPECT_EQ(last().severity, Severity::kHigh);
  EXPECT_TRUE(last().notified);
  const auto& row = run_.watch().episodes().rows().at(0);
  EXPECT_EQ(run_.engine().texts().view(row.feed_text), "feodo");
  EXPECT_EQ(run_.engine().texts().view(row.indicator_text), "192.0.2.7");
  EXPECT_EQ(row.place.asn, 64'496U);
  EXPECT_EQ(row.listed_unix_ns, kUnix0 - 5 * 24 * kHour);
}

TEST_F(ThreatIntelTest, OneAlertForEachProgramAndIndicatorWithItsBytes) {
  const ListedTexts network{.indicator = kNetwork, .feed = kFeed};
  for (std::uint16_t i = 0; i < 3; ++i) {
    const model::FlowTuple t = tuple(static_cast<std::uint16_t>(100 + i), 443, "192.0.2." + std::to_string(10 + i));
    feed({listed(kT0, 0, t, network), open(kT0, 10U + i, t, kCurl), data(kT0, 10U + i, t, 1'000, 5'000),
          closed(kT0, 10U + i, t)});
  }
  EXPECT_EQ(run_.opened("threat_intel").size(), 1U);
  EXPECT_EQ(last().evidence,
            "curl (pid 12) connected to 192.0.2.12:443, which the list feodo has as 192.0.2.0/24: 3 connections since "
            "2023-11-14 22:13 UTC, 3.0 kB sent and 15.0 kB received.");
}

TEST_F(ThreatIntelTest, AConnectionByAListedName) {
  feed({listed(kT0, 0, tuple(1, 53), name()), answered(kT0, kName, "192.0.2.7", 300),
        open(kT0, 1, tuple(1, 443), kCurl)});
  EXPECT_THAT(sentences(),
              ElementsAre("curl (pid 12) connected to 192.0.2.7:443 (c2.evil.test) by a name of evil.test, which the "
                          "list feodo has: 1 connection since 2023-11-14 22:13 UTC, 0 B sent and 0 B received."));
}

TEST_F(ThreatIntelTest, AServerNameThatIsListed) {
  feed(
      {open(kT0, 1, tuple(1, 443), kCurl), listed(kT0, 1, tuple(1, 443), name()), hello(kT0, 1, tuple(1, 443), kName)});
  EXPECT_EQ(run_.opened("threat_intel").size(), 1U);
}

TEST_F(ThreatIntelTest, AFingerprintThatIsListed) {
  feed({open(kT0, 1, tuple(1, 443), kCurl),
        listed(kT0, 1, tuple(1, 443),
               {.subject = kPrint, .indicator = kPrint, .feed = kFeed, .as = model::ListedAs::kFingerprint}),
        hello(kT0, 1, tuple(1, 443), 0, 0, 0, kPrint)});
  EXPECT_THAT(
      sentences(),
      ElementsAre("curl (pid 12) connected to 192.0.2.7:443 with the TLS fingerprint "
                  "t13d1516h2_8daaf6152771_b186095e22b6, which the list feodo has: 1 connection since 2023-11-14 "
                  "22:13 UTC, 0 B sent and 0 B received."));
}

TEST_F(ThreatIntelTest, AQuestionForAListedNameIsMediumUntilAConnectionFollows) {
  const model::FlowTuple dns = tuple(40'000, 53, "192.0.2.53", model::kProtocolUdp);
  feed({open(kT0, 0, dns, kCurl), listed(kT0, 0, dns, name()), answered(kT0, kName, "192.0.2.7", 300),
        answered(kT0, kName, "192.0.2.8", 300)});  // One question with two answers.
  EXPECT_THAT(sentences(), ElementsAre("curl (pid 12) asked DNS for evil.test or a name below it, which the list feodo "
                                       "has: 1 question since 2023-11-14 22:13 UTC."));
  EXPECT_EQ(last().severity, Severity::kMedium);
  feed({open(kT0 + kSecond, 1, tuple(1, 443), kCurl)});
  EXPECT_EQ(run_.opened("threat_intel").size(), 1U);
  EXPECT_EQ(last().severity, Severity::kHigh);
  EXPECT_EQ(last().change, Change::kEscalated);
}

TEST_F(ThreatIntelTest, WhoIsOnlyCalledIsToldWithinTheBudget) {
  std::vector<Raised> before = run_.opened();
  for (std::uint16_t i = 0; i < 10; ++i) {
    const std::string caller = "203.0.113." + std::to_string(i + 1);
    model::FlowTuple t = tuple(22, static_cast<std::uint16_t>(50'000 + i), caller);
    t.direction = model::Direction::kIn;
    feed({text(kT0, 100, caller), listed(kT0, 0, t, {.indicator = 100, .feed = kFeed}),
          open(kT0, 20U + i, t, kCurl, model::OpenHow::kAccept)});
  }
  const std::vector<Raised> alerts = run_.opened("threat_intel");
  ASSERT_EQ(alerts.size(), 10U);
  EXPECT_EQ(alerts[0].severity, Severity::kLow);
  EXPECT_EQ(std::count_if(alerts.begin(), alerts.end(), [](const Raised& each) { return each.notified; }), 3);
  EXPECT_THAT(alerts[0].evidence, testing::StartsWith("curl (pid 12) was called by 203.0.113.1, which the list"));
}

TEST_F(ThreatIntelTest, ManyContactsOutAreAllNotified) {
  for (std::uint16_t i = 0; i < 10; ++i) {
    const std::string remote = "203.0.113." + std::to_string(i + 1);
    const model::FlowTuple t = tuple(static_cast<std::uint16_t>(100 + i), 443, remote);
    feed({text(kT0, 100, remote), listed(kT0, 0, t, {.indicator = 100, .feed = kFeed}), open(kT0, 20U + i, t, kCurl)});
  }
  const std::vector<Raised> alerts = run_.opened("threat_intel");
  EXPECT_EQ(std::count_if(alerts.begin(), alerts.end(), [](const Raised& each) { return each.notified; }), 10);
}

TEST_F(ThreatIntelTest, AConnectionThatIsOpenWhenListsChangeIsTold) {
  feed({open(kT0, 1, tuple(1, 443), kCurl), data(kT0, 1, tuple(1, 443), 700, 0)});
  EXPECT_THAT(sentences(), IsEmpty());
  feed({listed(kT0 + kSecond, 1, tuple(1, 443), address())});
  ASSERT_EQ(sentences().size(), 1U);
  EXPECT_THAT(sentences()[0], testing::HasSubstr("700 B sent"));
  feed({listed(kT0 + 2 * kSecond, 1, tuple(1, 443), address())});  // Once more the same.
  EXPECT_THAT(last().evidence, testing::HasSubstr("1 connection "));
}

TEST_F(ThreatIntelTest, APageThatIsListedOnAHostIsLow) {
  ListedTexts page = name();
  page.of_url = true;
  feed(
      {listed(kT0, 0, tuple(1, 53), page), answered(kT0, kName, "192.0.2.7", 300), open(kT0, 1, tuple(1, 443), kCurl)});
  EXPECT_EQ(last().severity, Severity::kLow);
  EXPECT_THAT(sentences()[0], testing::HasSubstr("has for a page on it"));
}

TEST_F(ThreatIntelTest, ANameThatAHostsFileSendsToLoopbackIsNoContact) {
  feed({listed(kT0, 0, tuple(1, 53), name()), answered(kT0, kName, "127.0.0.1", 300),
        open(kT0, 1, tuple(1, 443, "127.0.0.1"), kCurl)});
  EXPECT_THAT(sentences(), IsEmpty());
}

TEST_F(ThreatIntelTest, MoreIndicatorsThanAreKeptDoNoHarm) {
  for (std::uint32_t i = 0; i < 3 * ListedContacts::kContactsMax; ++i) {
    const std::string remote = "203.0." + std::to_string(i / 200) + "." + std::to_string(i % 200 + 1);
    const model::FlowTuple t = tuple(443, 443, remote);
    feed({text(kT0 + i, 100, remote), listed(kT0 + i, 0, t, {.indicator = 100, .feed = kFeed}),
          open(kT0 + i, 1'000U + i, t, kCurl), data(kT0 + i, 1'000U + i, t, 5'000, 0)});
  }
  EXPECT_EQ(run_.opened("threat_intel").size(), 3 * ListedContacts::kContactsMax);
}

}  // namespace
}  // namespace ipm::alert

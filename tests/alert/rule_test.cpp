// What operators write: what it says, and what is wrong with it.
#include <gtest/gtest.h>

#include "alert/rules.h"

namespace ipm::alert {
namespace {

std::string wrong(std::string_view line) {
  Result<Rule> rule = parse_rule(line);
  return rule.ok() ? "understood" : std::string(rule.status().message());
}

TEST(RuleTest, SaysWhatItIsAbout) {
  Result<Rule> rule = parse_rule(
      R"(suppress kind=beacon app="/opt/a b/\"x\"*" remote=192.0.2.0/24 port=443 until=2026-12-01T10:00:00Z)");
  ASSERT_TRUE(rule.ok()) << rule.status().message();
  EXPECT_EQ(rule->verb, Verb::kSuppress);
  EXPECT_EQ(rule->kind, Kind::kBeacon);
  EXPECT_EQ(rule->app, "/opt/a b/\"x\"*");
  EXPECT_TRUE(rule->remote->contains(*model::IpAddress::parse("192.0.2.200")));
  EXPECT_FALSE(rule->remote->contains(*model::IpAddress::parse("192.0.3.0")));
  EXPECT_EQ(rule->port, 443);
  EXPECT_EQ(rule->until_unix_ns, 1'796'119'200 * kSecond);
}

TEST(RuleTest, NetworksOfBothFamiliesAndOddLengths) {
  const auto covers = [](std::string_view net, std::string_view address) {
    Result<Rule> rule = parse_rule("suppress remote=" + std::string(net));
    return rule.ok() && rule->remote->contains(*model::IpAddress::parse(address));
  };
  EXPECT_TRUE(covers("10.0.0.0/9", "10.127.1.1"));
  EXPECT_FALSE(covers("10.0.0.0/9", "10.128.0.0"));
  EXPECT_TRUE(covers("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(covers("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(covers("198.51.100.7", "::ffff:198.51.100.7"));
  EXPECT_FALSE(covers("198.51.100.7", "198.51.100.8"));
}

TEST(RuleTest, ErrorsSayWhatWouldHelp) {
  EXPECT_EQ(wrong("mute app=x"),
            "rule: \"mute\" is none of acknowledge, false_positive, suppress, critical, threshold and lift");
  EXPECT_EQ(wrong("supress app=x"),
            "rule: \"supress\" is none of acknowledge, false_positive, suppress, critical, threshold and lift; did you "
            "mean suppress?");
  EXPECT_EQ(wrong("suppress"),
            "rule: suppress: that would hide every alert; say one of kind=, app=, remote=, threshold=");
  EXPECT_EQ(wrong("suppress kind=becon"), "rule: suppress: kind: \"becon\" is no kind of alert; did you mean beacon?");
  EXPECT_EQ(wrong("suppress remote=192.0.2.0/33"),
            "rule: suppress: remote: length of the network: \"33\" is no number from 1 to 32");
  EXPECT_EQ(wrong("suppress remote=example.org"),
            "rule: suppress: remote: \"example.org\" is no address and no network (192.0.2.0/24)");
  EXPECT_EQ(wrong("suppress app=x until=2026-02-30"),
            "rule: suppress: until: \"2026-02-30\" is no date (2026-12-01 or 2026-12-01T10:00:00Z)");
  EXPECT_EQ(wrong("suppress app=x for=1h until=2026-12-01"), "rule: suppress: for and until are two ends");
  EXPECT_EQ(wrong("critical kind=beacon"), "rule: critical: takes app, and not \"kind\"");
  EXPECT_EQ(wrong("acknowledge"), "rule: acknowledge: which alert? say alert=ID, the column id of the table alerts");
  EXPECT_EQ(wrong("acknowledge alert=1 alert=2"), "rule: acknowledge: alert comes twice");
  EXPECT_EQ(wrong("lift acknowledge alert=1"),
            "rule: acknowledge: only suppress, critical and threshold can be lifted");
  EXPECT_EQ(wrong("threshold x metric=opens"),
            "threshold x: says no limit; say one of above=, below=, deviation_above=, deviation_below=, rise_above=, "
            "fall_above=, score_above=");
  EXPECT_EQ(wrong("lift threshold x above=1"), "lift threshold: takes a name and nothing else");
  EXPECT_EQ(wrong(std::string(5'000, 'x')), "rule: longer than 4096 bytes");
}

TEST(RuleTest, AStarStandsForAnything) {
  EXPECT_TRUE(matches_pattern("/usr/*/backup*", "/usr/local/bin/backup user"));
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_TRUE(matches_pattern("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(matches_pattern("a*b*c", "a-b-b-d"));
  EXPECT_FALSE(matches_pattern("backup", "backup2"));
}

TEST(RulesTest, ASuppressionEndsWithItsTime) {
  Rules rules;
  const Finding finding{.kind = Kind::kScan};
  ASSERT_TRUE(rules.take(*parse_rule("suppress kind=scan for=1h"), kHour));
  EXPECT_TRUE(rules.suppresses(finding, "x", 2 * kHour - 1));
  EXPECT_FALSE(rules.suppresses(finding, "x", 2 * kHour));
  rules.set_wall_clock(parse_rule("suppress app=x until=2026-12-01")->until_unix_ns - 10 * kHour);
  ASSERT_TRUE(rules.take(*parse_rule("suppress kind=scan until=2026-12-01"), 2 * kHour));
  EXPECT_TRUE(rules.suppresses(finding, "x", 10 * kHour - 1));
  EXPECT_FALSE(rules.suppresses(finding, "x", 10 * kHour));
}

TEST(RulesTest, ASuppressionIsAboutAllThatItNames) {
  Rules rules;
  ASSERT_TRUE(rules.take(*parse_rule("suppress kind=beacon app=/bin/a* remote=192.0.2.0/24 port=443"), 0));
  const auto suppressed = [&](Kind kind, std::string_view app, std::string_view remote, std::uint16_t port) {
    const Finding finding{.kind = kind, .remote = *model::IpAddress::parse(remote), .remote_port = port};
    return rules.suppresses(finding, app, 1);
  };
  EXPECT_TRUE(suppressed(Kind::kBeacon, "/bin/agent user", "192.0.2.9", 443));
  EXPECT_FALSE(suppressed(Kind::kExfil, "/bin/agent user", "192.0.2.9", 443));
  EXPECT_FALSE(suppressed(Kind::kBeacon, "/bin/other", "192.0.2.9", 443));
  EXPECT_FALSE(suppressed(Kind::kBeacon, "/bin/agent user", "198.51.100.9", 443));
  EXPECT_FALSE(suppressed(Kind::kBeacon, "/bin/agent user", "192.0.2.9", 80));
}

TEST(RulesTest, LiftingEndsTheSameRuleWhateverItsTime) {
  Rules rules;
  ASSERT_TRUE(rules.take(*parse_rule("suppress kind=scan for=100h"), 0));
  EXPECT_FALSE(rules.take(*parse_rule("lift suppress kind=beacon"), 0));
  EXPECT_TRUE(rules.take(*parse_rule("lift suppress kind=scan"), 0));
  EXPECT_FALSE(rules.suppresses({.kind = Kind::kScan}, "x", 1));
}

TEST(RulesTest, OneTooManyIsRefusedUntilOneIsOver) {
  Rules rules;
  for (std::size_t i = 0; i < Rules::kMax; ++i) {
    ASSERT_TRUE(rules.take(*parse_rule("suppress app=a" + std::to_string(i) + " for=1h"), 0));
  }
  EXPECT_FALSE(rules.take(*parse_rule("critical app=x"), 0));
  EXPECT_TRUE(rules.take(*parse_rule("critical app=x"), kHour));
  EXPECT_TRUE(rules.is_critical("x"));
}

}  // namespace
}  // namespace ipm::alert

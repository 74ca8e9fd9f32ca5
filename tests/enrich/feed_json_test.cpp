#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "enrich/feeds.h"
#include "enrich/stix_pattern.h"

namespace ipm {
namespace {

using enrich::FeedFormat;
using enrich::read_stix_pattern;
using enrich::StixPattern;
using test::Read;
using test::read;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> names_of(const StixPattern& pattern) {
  test::Taken taken;
  for (const enrich::Indicator& each : pattern.indicators) taken.take(each);
  return taken.names;
}

TEST(StixPatternTest, EqualityListsAndSubsetsAreTaken) {
  EXPECT_THAT(names_of(read_stix_pattern("[ipv4-addr:value = '192.0.2.7']")), ElementsAre("address 192.0.2.7"));
  EXPECT_THAT(names_of(read_stix_pattern("[ipv4-addr:value ISSUBSET '192.0.2.0/24']")),
              ElementsAre("network 192.0.2.0/24"));
  EXPECT_THAT(names_of(read_stix_pattern("[domain-name:value IN ('a.example','b.example')]")),
              ElementsAre("domain a.example", "domain b.example"));
  EXPECT_THAT(names_of(read_stix_pattern("[ipv6-addr:value='2001:db8::1' OR url:value = 'https://c.example/p']")),
              ElementsAre("address 2001:db8::1", "domain c.example"));
  EXPECT_THAT(names_of(read_stix_pattern("[ipv4-addr:value='192.0.2.7'] OR [ipv4-addr:value='192.0.2.8']")),
              ElementsAre("address 192.0.2.7", "address 192.0.2.8"));
  EXPECT_THAT(names_of(read_stix_pattern("[network-traffic:dst_ref.type = 'ipv4-addr' AND "
                                         "network-traffic:dst_ref.value = '192.0.2.7']")),
              ElementsAre("address 192.0.2.7"));
}

TEST(StixPatternTest, WhatCannotBeMatchedIsSaid) {
  const auto reason = [](std::string_view text) {
    const StixPattern pattern = read_stix_pattern(text);
    EXPECT_FALSE(pattern.malformed) << text;
    return pattern.unsupported;
  };
  EXPECT_THAT(reason("[file:hashes.'SHA-256' = 'aa']"), HasSubstr("file:hashes.'SHA-256'"));
  EXPECT_THAT(reason("[domain-name:value LIKE '%.evil.example']"), HasSubstr("operator LIKE"));
  EXPECT_THAT(reason("[domain-name:value != 'a.example']"), HasSubstr("operator !="));
  EXPECT_THAT(reason("[domain-name:value NOT = 'a.example']"), HasSubstr("NOT"));
  EXPECT_THAT(reason("[ipv4-addr:value='192.0.2.7' AND network-traffic:dst_port=443]"), HasSubstr("joined by AND"));
  EXPECT_THAT(reason("[ipv4-addr:value='192.0.2.7'] FOLLOWEDBY [ipv4-addr:value='192.0.2.8']"),
              HasSubstr("FOLLOWEDBY"));
  EXPECT_THAT(reason("[ipv4-addr:value='192.0.2.7'] WITHIN 5 SECONDS"), HasSubstr("WITHIN"));
  EXPECT_THAT(reason("[network-traffic:dst_ref.type = 'ipv4-addr']"), HasSubstr("without its address"));
}

TEST(StixPatternTest, WhatHoldsOnlyTogetherGivesNoIndicator) {
  EXPECT_THAT(read_stix_pattern("[ipv4-addr:value='192.0.2.7' AND ipv4-addr:value='192.0.2.8']").indicators, IsEmpty());
  EXPECT_THAT(read_stix_pattern("[ipv4-addr:value='192.0.2.7'] AND [ipv4-addr:value='192.0.2.8']").indicators,
              IsEmpty());
}

TEST(StixPatternTest, OfAnOrWithAnUnknownPartTheKnownOnesAreTaken) {
  const StixPattern pattern = read_stix_pattern("[file:name = 'x' OR ipv4-addr:value = '192.0.2.7']");
  EXPECT_THAT(names_of(pattern), ElementsAre("address 192.0.2.7"));
  EXPECT_THAT(pattern.unsupported, HasSubstr("file:name"));
}

TEST(StixPatternTest, ATextThatIsNoPatternIsMalformed) {
  for (const char* text : {"", "ipv4-addr:value = '1.2.3.4'", "[ipv4-addr:value = '1.2.3.4'",
                           "[ipv4-addr:value '1.2.3.4']", "[ipv4-addr:value = 'unclosed]", "[= '1.2.3.4']",
                           "[ipv4-addr:value IN '1.2.3.4']", "[ipv4-addr:value='192.0.2.7'] junk"}) {
    const StixPattern pattern = read_stix_pattern(text);
    EXPECT_TRUE(pattern.malformed) << text;
    EXPECT_THAT(pattern.indicators, IsEmpty()) << text;
  }
}

#ifdef IPM_WITH_SIMDJSON

TEST(StixTest, ABundleGivesItsIndicatorsWithNameAndDate) {
  const Read got = read(R"({"type":"bundle","id":"bundle--1","objects":[
    {"type":"identity","name":"somebody"},
    {"type":"indicator","spec_version":"2.1","pattern_type":"stix","pattern":"[ipv4-addr:value = '192.0.2.7']",
     "name":"Emotet C2","valid_from":"2026-01-02T00:00:00Z"},
    {"type":"indicator","pattern_type":"stix","pattern":"[domain-name:value = 'evil.example']",
     "indicator_types":["malicious-activity"],"created":"2026-01-03T00:00:00Z"},
    {"type":"indicator","pattern_type":"stix","pattern":"[ipv4-addr:value='192.0.2.8']","revoked":true},
    {"type":"indicator","pattern_type":"stix","pattern":"[ipv4-addr:value='192.0.2.9']",
     "valid_until":"2020-01-01T00:00:00Z"},
    {"type":"indicator","pattern_type":"yara","pattern":"rule x {}"},
    {"type":"indicator","pattern_type":"stix","pattern":"[file:name = 'x']"},
    {"type":"indicator","pattern_type":"stix","pattern":"nonsense"},
    7 ]})");
  ASSERT_TRUE(got.status.ok()) << got.status.message();
  EXPECT_EQ(got.report.format, FeedFormat::kStix);
  ASSERT_THAT(got.taken.names, ElementsAre("address 192.0.2.7", "domain evil.example"));
  EXPECT_EQ(got.taken.indicators[0].description, "Emotet C2");
  EXPECT_EQ(got.taken.indicators[0].listed_s, 1'767'312'000);
  EXPECT_EQ(got.taken.indicators[1].description, "malicious-activity");
  EXPECT_EQ(got.report.expired, 2U);
  EXPECT_EQ(got.report.ignored, 1U);
  EXPECT_EQ(got.report.unsupported.count, 2U);
  EXPECT_EQ(got.report.unsupported.first, 6U);
  EXPECT_EQ(got.report.unsupported.reason, "a pattern in yara");
  EXPECT_EQ(got.report.malformed.count, 2U);
  EXPECT_EQ(got.report.malformed.first, 8U);
}

TEST(StixTest, ItIsValidUntilTheSecondThatTheBundleNames) {
  const auto until = [](std::string_view date) {
    return read(R"([{"type":"indicator","pattern":"[ipv4-addr:value='192.0.2.7']","valid_until":")" +
                    std::string(date) + "\"}]",
                FeedFormat::kStix);
  };
  const Read over = until("2026-09-21T14:13:20Z"), valid = until("2026-09-21T14:13:21Z");  // kNowS, a second more.
  EXPECT_EQ(over.report.expired, 1U);
  EXPECT_THAT(over.taken.names, IsEmpty());
  ASSERT_EQ(valid.taken.indicators.size(), 1U);
  EXPECT_EQ(valid.taken.indicators[0].expires_s, test::kNowS + 1);
}

TEST(StixTest, AListOfObjectsWithoutABundleIsRead) {
  EXPECT_THAT(
      read(R"([{"type":"indicator","spec_version":"2.1","pattern":"[ipv4-addr:value='192.0.2.7']"}])").taken.names,
      ElementsAre("address 192.0.2.7"));
}

TEST(MispTest, AnEventGivesItsAttributesAndThoseOfItsObjects) {
  const Read got = read(R"({"Event":{"info":"OSINT - Dridex","date":"2026-01-02","Attribute":[
    {"type":"ip-dst","value":"192.0.2.7","to_ids":true,"timestamp":"1767312000"},
    {"type":"ip-dst|port","value":"192.0.2.8|8080","to_ids":"1"},
    {"type":"domain|ip","value":"evil.example|192.0.2.9","to_ids":true},
    {"type":"url","value":"http://page.example/x","to_ids":true},
    {"type":"domain","value":"harmless.example","to_ids":false},
    {"type":"sha256","value":"aa","to_ids":true},
    {"type":"ip-src","value":"nowhere","to_ids":true}],
    "Object":[{"name":"domain-ip","Attribute":[{"type":"hostname","value":"h.evil.example","to_ids":true}]}]}})");
  ASSERT_TRUE(got.status.ok()) << got.status.message();
  EXPECT_EQ(got.report.format, FeedFormat::kMisp);
  ASSERT_THAT(got.taken.names, ElementsAre("address 192.0.2.7", "address 192.0.2.8", "domain evil.example",
                                           "address 192.0.2.9", "domain page.example", "domain h.evil.example"));
  EXPECT_EQ(got.taken.indicators[0].description, "OSINT - Dridex");
  EXPECT_EQ(got.taken.indicators[0].listed_s, 1'767'312'000);
  EXPECT_EQ(got.taken.indicators[1].listed_s, 1'767'312'000);                   // The event's date.
  EXPECT_EQ(got.taken.indicators[1].description, "OSINT - Dridex, port 8080");  // As Feodo's.
  EXPECT_EQ(got.report.ignored, 1U);
  EXPECT_EQ(got.report.unsupported.reason, "the type sha256");
  EXPECT_EQ(got.report.unsupported.first, 6U);
  EXPECT_EQ(got.report.malformed.first, 7U);
}

TEST(MispTest, AnswersOfASearchAreRead) {
  const char* attribute = R"({"type":"ip-dst","value":"192.0.2.7","to_ids":true})";
  for (const std::string& text :
       {R"({"response":[{"Event":{"Attribute":[)" + std::string(attribute) + "]}}]}",
        R"({"response":{"Attribute":[)" + std::string(attribute) + "]}}",
        R"([{"Event":{"Attribute":[)" + std::string(attribute) + "]}}]", "[" + std::string(attribute) + "]"}) {
    EXPECT_THAT(read(text).taken.names, ElementsAre("address 192.0.2.7")) << text;
  }
}

TEST(MispTest, BothEndsOfAPairAreTakenOrToldEachForItself) {
  const Read got = read(R"({"Event":{"Attribute":[
    {"type":"domain|ip","value":"evil.example|nowhere"}, {"type":"domain|ip","value":"evil.example"},
    {"type":"domain|ip","value":"|192.0.2.9"}]}})");
  EXPECT_THAT(got.taken.names, ElementsAre("domain evil.example", "domain evil.example", "address 192.0.2.9"));
  EXPECT_EQ(got.report.malformed.count, 3U);
  EXPECT_EQ(got.report.malformed.reason, "no address");
}

// What stands where an event, an object or an attribute belongs.
TEST(MispTest, NothingOfAListIsLeftOutWithoutBeingCounted) {
  const std::string attribute = R"({"type":"ip-dst","value":"192.0.2.7"})";
  struct Case {
    std::string text;
    std::uint64_t malformed, unsupported;
  };
  const std::string good = R"({"Event":{"Attribute":[)" + attribute + "]}}";
  const std::vector<Case> cases = {
      {R"({"response":[7, "x", null, )" + good + "]}", 3, 0},
      {R"({"response":[{"Event":{"info":"no attributes"}}, )" + good + "]}", 0, 1},
      {R"({"response":[{"Event":7}, {}, )" + good + "]}", 0, 2},
      {"[[[[[[" + good + "]]]], " + good + "]]", 1, 0},  // Deeper than anybody nests them.
      {R"({"Event":{"Attribute":[)" + attribute + R"(],"Object":[7, {"name":"file"}, {"Attribute":[8]}]}})", 2, 1},
      {R"({"Event":{"Attribute":[)" + attribute + R"(],"Object":"none"}})", 1, 0},
      {R"({"Event":{"Attribute":"none","Object":[{"Attribute":[)" + attribute + "]}]}}", 1, 0},
  };
  for (const Case& each : cases) {
    const Read got = read(each.text, FeedFormat::kMisp);
    EXPECT_TRUE(got.status.ok()) << each.text << got.status.message();
    EXPECT_THAT(got.taken.names, ElementsAre("address 192.0.2.7")) << each.text;
    EXPECT_EQ(got.report.malformed.count, each.malformed) << each.text << got.report.malformed.reason;
    EXPECT_EQ(got.report.unsupported.count, each.unsupported) << each.text << got.report.unsupported.reason;
    EXPECT_EQ(got.report.records, 1 + each.malformed + each.unsupported) << each.text;
  }
}

TEST(DropJsonTest, LinesGiveNetworksAndTheLastOneIsAboutTheList) {
  const Read got = read(
      "{\"cidr\":\"192.0.2.0/24\",\"sblid\":\"SBL1\",\"rir\":\"x\"}\n{\"cidr\":\"2001:db8::/32\",\"sblid\":\"SBL2\"}\n"
      "{\"cidr\":7}\nnonsense\n{\"type\":\"metadata\",\"timestamp\":1700000000}\n");
  EXPECT_EQ(got.report.format, FeedFormat::kDropJson);
  ASSERT_THAT(got.taken.names, ElementsAre("network 192.0.2.0/24", "network 2001:db8::/32"));
  EXPECT_EQ(got.taken.indicators[0].description, "SBL1");
  EXPECT_EQ(got.report.ignored, 1U);
  EXPECT_EQ(got.report.malformed.count, 2U);
  EXPECT_EQ(got.report.malformed.first, 3U);
}

TEST(FeedJsonTest, OtherJsonAndBrokenJsonIsAClearError) {
  EXPECT_THAT(std::string(read("{\"a\":1}").status.message()), HasSubstr("neither a STIX bundle"));
  EXPECT_THAT(std::string(read("{\"type\":\"bundle\",\"objects\":[").status.message()), HasSubstr("no STIX bundle"));
  EXPECT_THAT(std::string(read("{\"Event\":{}}").status.message()), HasSubstr("no list \"Attribute\""));
  EXPECT_EQ(read(std::string(100'000, '['), FeedFormat::kMisp).status.code(), Code::kCorrupt);
}

#else

TEST(FeedJsonTest, WithoutSimdjsonADocumentSaysWhatIsMissing) {
  EXPECT_THAT(std::string(read("{\"type\":\"bundle\",\"objects\":[]}").status.message()),
              HasSubstr("IPM_WITH_SIMDJSON"));
}

#endif

}  // namespace
}  // namespace ipm

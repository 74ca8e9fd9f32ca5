#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.h"
#include "enrich/feeds.h"

namespace ipm {
namespace {

using enrich::IntelBuilder;
using enrich::IntelIndex;
using model::IpAddress;
using test::index_of;

std::string found(const IntelIndex& index, std::string_view address) {
  const auto hit = index.find(*IpAddress::parse(address));
  return hit ? hit->indicator() : "-";
}
std::string found_name(const IntelIndex& index, std::string_view name) {
  const auto hit = index.find_domain(name);
  return hit ? hit->indicator() : "-";
}

TEST(IntelIndexTest, TheMostSpecificNetworkOfIpv4Counts) {
  const IntelIndex index =
      index_of({"198.51.0.0/16", "198.51.100.0/24", "198.51.100.7", "198.51.100.128/25", "9.0.0.0/8"});
  EXPECT_EQ(found(index, "198.51.100.7"), "198.51.100.7");
  EXPECT_EQ(found(index, "198.51.100.8"), "198.51.100.0/24");
  EXPECT_EQ(found(index, "198.51.100.127"), "198.51.100.0/24");
  EXPECT_EQ(found(index, "198.51.100.128"), "198.51.100.128/25");
  EXPECT_EQ(found(index, "198.51.100.255"), "198.51.100.128/25");
  EXPECT_EQ(found(index, "198.51.101.0"), "198.51.0.0/16");
  EXPECT_EQ(found(index, "198.51.255.255"), "198.51.0.0/16");
  EXPECT_EQ(found(index, "198.52.0.0"), "-");
  EXPECT_EQ(found(index, "9.255.255.255"), "9.0.0.0/8");
  EXPECT_EQ(found(index, "10.0.0.0"), "-");
  EXPECT_EQ(found(index, "8.255.255.255"), "-");
}

TEST(IntelIndexTest, TheLastAddressOfIpv4IsAnEndLikeAnyOther) {
  const IntelIndex index = index_of({"255.255.255.255", "255.0.0.0/8", "1.0.0.0/8"});
  EXPECT_EQ(found(index, "255.255.255.255"), "255.255.255.255");
  EXPECT_EQ(found(index, "255.255.255.254"), "255.0.0.0/8");
  EXPECT_EQ(found(index, "0.0.0.0"), "-");
  EXPECT_EQ(found(index, "1.0.0.0"), "1.0.0.0/8");
}

TEST(IntelIndexTest, TheMostSpecificNetworkOfIpv6Counts) {
  const IntelIndex index = index_of({"2001:db8::/32", "2001:db8:1::/48", "2001:db8:1::7"});
  EXPECT_EQ(found(index, "2001:db8:1::7"), "2001:db8:1::7");
  EXPECT_EQ(found(index, "2001:db8:1::8"), "2001:db8:1::/48");
  EXPECT_EQ(found(index, "2001:db8:2::8"), "2001:db8::/32");
  EXPECT_EQ(found(index, "2001:db9::"), "-");
}

TEST(IntelIndexTest, RangesAgreeWithASearchThroughAllNetworks) {
  Random random(11);
  IntelBuilder builder(100'000, 3);
  builder.begin_feed(1);
  std::map<std::pair<std::uint32_t, unsigned>, bool> networks;
  for (int i = 0; i < 3'000; ++i) {
    const unsigned bits = 8 + static_cast<unsigned>(random.below(25));
    const auto number = static_cast<std::uint32_t>(random.below(1U << 14) << 18);  // Close to each other: they nest.
    const std::uint32_t start = bits == 0 ? 0 : number & (~std::uint32_t{0} << (32 - bits));
    if (start == 0) continue;
    networks[{start, bits}] = true;
    enrich::Indicator indicator;
    indicator.type = bits == 32 ? enrich::IndicatorType::kAddress : enrich::IndicatorType::kNetwork;
    indicator.address = IpAddress::v4(__builtin_bswap32(start));
    indicator.prefix = static_cast<std::uint8_t>(96 + bits);
    builder.take(indicator);
  }
  const IntelIndex index = builder.finish();
  EXPECT_EQ(index.indicators(), networks.size());
  for (int i = 0; i < 100'000; ++i) {
    const auto number = static_cast<std::uint32_t>((random.below(1U << 14) << 18) + random.below(3) - 1);
    unsigned expected = 0;
    for (unsigned bits = 32; bits >= 8 && expected == 0; --bits) {
      if (networks.contains({number & (~std::uint32_t{0} << (32 - bits)), bits})) expected = bits;
    }
    const auto hit = index.find(IpAddress::v4(__builtin_bswap32(number)));
    ASSERT_EQ(hit ? hit->prefix - 96U : 0U, expected) << number;
  }
}

TEST(IntelIndexTest, ADomainMatchesItselfAndWhatIsBelowIt) {
  const IntelIndex index = index_of({"evil.example", "c2.evil.example", "other.test"});
  EXPECT_EQ(found_name(index, "evil.example"), "evil.example");
  EXPECT_EQ(found_name(index, "EVIL.Example."), "evil.example");
  EXPECT_EQ(found_name(index, "www.evil.example"), "evil.example");
  EXPECT_EQ(found_name(index, "a.c2.evil.example"), "c2.evil.example");
  EXPECT_EQ(found_name(index, "notevil.example"), "-");
  EXPECT_EQ(found_name(index, "example"), "-");
  EXPECT_EQ(found_name(index, "evil.example.org"), "-");
  EXPECT_EQ(found_name(index, ""), "-");
  EXPECT_EQ(found_name(index, std::string(300, 'a') + ".evil.example"), "-");
}

// Names of any bytes and of every length around the words in which they are read.
TEST(IntelIndexTest, NamesAgreeWithASearchForEachOfTheirSuffixes) {
  constexpr std::string_view kBytes = "abAB.@[`{z..\x80\xc1\xda\xff-.";
  Random random(12);
  const auto any_name = [&](std::size_t bytes) {
    std::string out;
    while (out.size() < bytes) out += kBytes[random.below(kBytes.size())];
    return out;
  };
  const auto lower = [](std::string text) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
    return text;
  };
  IntelBuilder builder(100'000, 3);
  builder.begin_feed(1);
  std::set<std::string> listed;
  for (int i = 0; i < 2'000; ++i) {
    enrich::Indicator indicator;
    indicator.type = enrich::IndicatorType::kDomain;
    indicator.name = lower(any_name(1 + random.below(4)));
    if (indicator.name.find('.') != std::string::npos && listed.insert(indicator.name).second) builder.take(indicator);
  }
  const IntelIndex index = builder.finish();
  for (int i = 0; i < 100'000; ++i) {
    const std::string name = any_name(random.below(i % 100 == 0 ? 256 : 24));
    std::string rest = lower(name);
    if (rest.ends_with('.')) rest.pop_back();
    std::string expected = "-";
    for (; name.size() < 254 && expected == "-" && rest.find('.') != std::string::npos;
         rest.erase(0, rest.find('.') + 1)) {
      if (listed.contains(rest)) expected = rest;
    }
    ASSERT_EQ(found_name(index, name), expected) << testing::PrintToString(name);
  }
}

TEST(IntelIndexTest, AFingerprintMatchesWhole) {
  const IntelIndex index = index_of({"t13d1516h2_8daaf6152771_b186095e22b6"});
  EXPECT_TRUE(index.find_ja4("t13d1516h2_8daaf6152771_b186095e22b6"));
  EXPECT_FALSE(index.find_ja4("t13d1516h2_8daaf6152771_b186095e22b7"));
}

TEST(IntelIndexTest, AnEmptyIndexFindsNothing) {
  const IntelIndex index = index_of({});
  EXPECT_EQ(found(index, "192.0.2.7"), "-");
  EXPECT_EQ(found(index, "2001:db8::1"), "-");
  EXPECT_EQ(found_name(index, "evil.example"), "-");
}

TEST(IntelIndexTest, OfSeveralFeedsTheFirstThatSaidItCounts) {
  IntelBuilder builder(100, 7);
  for (const std::int64_t date : {100, 200}) {
    builder.begin_feed(date);
    for (const char* text : {"192.0.2.7", "2001:db8::7", "evil.example"}) {
      enrich::Indicator indicator = *enrich::read_indicator(text).indicator;
      indicator.description = "feed of " + std::to_string(date);
      builder.take(indicator);
    }
  }
  const IntelIndex index = builder.finish();
  EXPECT_EQ(index.indicators(), 3U);
  EXPECT_EQ(index.duplicates(), 3U);
  for (const auto& hit : {*index.find(*IpAddress::parse("192.0.2.7")), *index.find(*IpAddress::parse("2001:db8::7")),
                          *index.find_domain("evil.example")}) {
    EXPECT_EQ(hit.feed, 0);
    EXPECT_EQ(hit.listed_s, 100);
    EXPECT_EQ(hit.description, "feed of 100");
  }
}

TEST(IntelIndexTest, NoMoreThanTheBoundIsTaken) {
  IntelBuilder builder(2, 7);
  builder.begin_feed(1);
  EXPECT_TRUE(builder.take(*enrich::read_indicator("192.0.2.1").indicator));
  EXPECT_TRUE(builder.take(*enrich::read_indicator("evil.example").indicator));
  EXPECT_FALSE(builder.take(*enrich::read_indicator("2001:db8::1").indicator));
  EXPECT_EQ(builder.finish().indicators(), 2U);
}

TEST(IntelIndexTest, DescriptionsBeyondTheirBoundAreCounted) {
  IntelBuilder builder(1'000'000, 7);
  builder.begin_feed(1);
  enrich::Indicator indicator = *enrich::read_indicator("192.0.2.1").indicator;
  const std::size_t fit = IntelBuilder::kDescriptionTextsMax / 96;
  for (std::size_t i = 0; i < fit + 10; ++i) {
    indicator.description = std::to_string(i) + "/";
    indicator.description.resize(96, 'x');
    builder.take(indicator);
  }
  EXPECT_EQ(builder.finish().descriptions_left_out(), 10U);
}

}  // namespace
}  // namespace ipm

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "enrich/feeds.h"
#include "enrich/geo.h"
#include "support/mmdb_writer.h"

namespace ipm {
namespace {

using enrich::Geo;
using enrich::GeoDatabase;
using test::MmdbValue;
using test::MmdbWriter;
using testing::HasSubstr;

#ifdef IPM_WITH_MAXMINDDB

std::shared_ptr<const GeoDatabase> open(const std::string& bytes) {
  const test::WrittenFile file(bytes);
  auto database = GeoDatabase::open(file.path());
  EXPECT_TRUE(database.ok()) << database.status().message();
  return database.ok() ? *database : nullptr;
}

// "DE 64496 Example Net"
std::string looked_up(const GeoDatabase& database, std::string_view address) {
  Geo geo;
  const Status status = database.look_up(*model::IpAddress::parse(address), geo);
  EXPECT_TRUE(status.ok()) << status.message();
  if (!geo.known()) return "-";
  return std::string(geo.country, geo.country[0] == '\0' ? 0 : 2) + " " + std::to_string(geo.asn) + " " + geo.as_name;
}

TEST(GeoTest, TheNestedLayoutIsRead) {
  MmdbWriter country;
  country.add("192.0.2.0/24", MmdbValue::map({{"country", MmdbValue::map({{"iso_code", MmdbValue::text("DE")}})}}));
  EXPECT_EQ(looked_up(*open(country.bytes("GeoLite2-Country")), "192.0.2.7"), "DE 0 ");
  MmdbWriter systems;
  systems.add("2001:db8::/32", MmdbValue::map({{"autonomous_system_number", MmdbValue::uint32(64'496)},
                                               {"autonomous_system_organization", MmdbValue::text("Example Net")}}));
  EXPECT_EQ(looked_up(*open(systems.bytes("GeoLite2-ASN")), "2001:db8::1"), " 64496 Example Net");
}

TEST(GeoTest, TheFlatLayoutsAreRead) {
  MmdbWriter writer;
  writer.add("192.0.2.0/24", MmdbValue::map({{"country", MmdbValue::text("Germany")},
                                             {"country_code", MmdbValue::text("DE")},
                                             {"asn", MmdbValue::text("AS64496")},
                                             {"as_name", MmdbValue::text("Example Net")}}));
  writer.add("198.51.100.0/24",
             MmdbValue::map({{"country", MmdbValue::text("FR")}, {"asn", MmdbValue::uint32(64'497)}}));
  const auto database = open(writer.bytes());
  EXPECT_EQ(looked_up(*database, "192.0.2.7"), "DE 64496 Example Net");
  EXPECT_EQ(looked_up(*database, "198.51.100.7"), "FR 64497 ");
  EXPECT_EQ(looked_up(*database, "203.0.113.7"), "-");
}

TEST(GeoTest, ADatabaseOfIpv4KnowsNothingOfIpv6) {
  MmdbWriter writer(4);
  writer.add("192.0.2.0/24", MmdbValue::map({{"country_code", MmdbValue::text("DE")}}));
  const auto database = open(writer.bytes());
  EXPECT_EQ(looked_up(*database, "192.0.2.7"), "DE 0 ");
  EXPECT_EQ(looked_up(*database, "2001:db8::1"), "-");
}

TEST(GeoTest, ValuesOfOtherKindsAreNotKnown) {
  MmdbWriter writer;
  writer.add("192.0.2.0/24", MmdbValue::map({{"country", MmdbValue::uint32(7)}, {"asn", MmdbValue::text("ASX")}}));
  EXPECT_EQ(looked_up(*open(writer.bytes()), "192.0.2.7"), "-");
}

TEST(GeoTest, AFileThatIsNoDatabaseIsAClearError) {
  const test::WrittenFile file("no database at all");
  const auto database = GeoDatabase::open(file.path());
  EXPECT_EQ(database.status().code(), Code::kCorrupt);
  EXPECT_THAT(std::string(database.status().message()), HasSubstr(file.path()));
  EXPECT_THAT(std::string(database.status().message()), HasSubstr(".mmdb"));
  EXPECT_EQ(GeoDatabase::open("/nowhere/geo.mmdb").status().code(), Code::kNotFound);
}

// The copy that is mapped is the monitor's own.
TEST(GeoTest, AFileThatIsCutShortWhileOpenDoesNoHarm) {
  MmdbWriter writer;
  writer.add("192.0.2.0/24", MmdbValue::map({{"country_code", MmdbValue::text("DE")}}));
  const test::WrittenFile file(writer.bytes());
  const auto database = GeoDatabase::open(file.path());
  ASSERT_TRUE(database.ok());
  ASSERT_EQ(::truncate(file.path().c_str(), 0), 0);
  EXPECT_EQ(looked_up(**database, "192.0.2.7"), "DE 0 ");
}

TEST(GeoTest, ADamagedDatabaseGivesErrorsOrNothing) {
  MmdbWriter writer;
  for (int i = 1; i < 40; ++i) {
    writer.add(std::to_string(i) + ".0.0.0/8", MmdbValue::map({{"country_code", MmdbValue::text("DE")},
                                                               {"asn", MmdbValue::text("AS" + std::to_string(i))}}));
  }
  const std::string whole = writer.bytes();
  Random random(5);
  int refused = 0, failed = 0;
  for (int round = 0; round < 300; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 20; ++i) damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
    const test::WrittenFile file(damaged);
    const auto database = GeoDatabase::open(file.path());
    refused += database.ok() ? 0 : 1;
    for (int i = 1; database.ok() && i < 40; ++i) {
      Geo geo;
      failed += (*database)->look_up(*model::IpAddress::parse(std::to_string(i) + ".1.2.3"), geo).ok() ? 0 : 1;
    }
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(failed, 0);
}

#else

TEST(GeoTest, WithoutLibmaxminddbItSaysWhatIsMissing) {
  EXPECT_THAT(std::string(GeoDatabase::open("x.mmdb").status().message()), HasSubstr("IPM_WITH_MAXMINDDB"));
}

#endif

}  // namespace
}  // namespace ipm

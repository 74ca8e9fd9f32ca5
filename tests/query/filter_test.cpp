#include "query/filter.h"

#include <gmock/gmock.h>

#include "query/people_table.h"

namespace ipm::query {
namespace {

using test::keys;
using test::people_columns;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string mistake(std::string_view filter, std::vector<std::string_view> values = {}) {
  const std::vector<Column> columns = people_columns();
  Result<Filter> parsed = parse_filter(filter, columns, values);
  return parsed.ok() ? "no mistake" : std::string(parsed.status().message());
}

TEST(FilterTest, WholeNumbersCompare) {
  EXPECT_THAT(keys("pid = 20"), ElementsAre(20));
  EXPECT_THAT(keys("pid != 20"), ElementsAre(10, 30, 40));
  EXPECT_THAT(keys("pid >= 20"), ElementsAre(20, 30, 40));
  EXPECT_THAT(keys("pid<=20"), ElementsAre(10, 20));
  EXPECT_THAT(keys("pid >= -9223372036854775808"), ElementsAre(10, 20, 30, 40));
}

TEST(FilterTest, NumbersCompareAndNullsMatchNothing) {
  EXPECT_THAT(keys("tx_rate = 5.5"), ElementsAre(10, 40));
  EXPECT_THAT(keys("tx_rate != 5.5"), ElementsAre(30));
  EXPECT_THAT(keys("tx_rate >= -2"), ElementsAre(10, 30, 40));
  EXPECT_THAT(keys("tx_rate <= 1e3"), ElementsAre(10, 30, 40));
}

TEST(FilterTest, TextsCompareAndContain) {
  EXPECT_THAT(keys("comm = curl"), ElementsAre(10, 30));
  EXPECT_THAT(keys("comm != curl"), ElementsAre(20));
  EXPECT_THAT(keys("comm >= bath"), ElementsAre(10, 30));
  EXPECT_THAT(keys("comm <= bash"), ElementsAre(20));
  EXPECT_THAT(keys("exe ~= bin/"), ElementsAre(10));
  EXPECT_THAT(keys("exe ~= \"\""), ElementsAre(10, 30, 40));
  EXPECT_THAT(keys("exe = \"\""), ElementsAre(40));
}

TEST(FilterTest, TimesAndBoolsCompare) {
  EXPECT_THAT(keys("seen >= 300"), ElementsAre(30, 40));
  EXPECT_THAT(keys("running = true"), ElementsAre(10, 40));
  EXPECT_THAT(keys("running = 0"), ElementsAre(20));
  EXPECT_THAT(keys("running != 1"), ElementsAre(20));
}

TEST(FilterTest, NullIsFoundOnlyByItsWord) {
  EXPECT_THAT(keys("exe = null"), ElementsAre(20));
  EXPECT_THAT(keys("exe != null"), ElementsAre(10, 30, 40));
  EXPECT_THAT(keys("exe = \"null\""), IsEmpty());
}

TEST(FilterTest, AllLinesMustHold) {
  EXPECT_THAT(keys("# both\ncomm = curl\n\ntx_rate >= 0"), ElementsAre(10));
}

TEST(FilterTest, BoundValuesStandForThemselves) {
  const std::vector<std::string_view> values = {"curl", "1"};
  const std::vector<Column> columns = people_columns();
  Result<Filter> parsed = parse_filter("comm = ?1\nlimit = ?2", columns, values);
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_THAT(keys(**Cursor::open(test::people(), *parsed)), ElementsAre(10));

  const std::vector<std::string_view> hostile = {"null"};
  parsed = parse_filter("exe = ?1", columns, hostile);
  ASSERT_TRUE(parsed.ok());
  EXPECT_THAT(keys(**Cursor::open(test::people(), *parsed)), IsEmpty());
  EXPECT_THAT(keys("comm = \"?1\""), IsEmpty());
}

TEST(FilterTest, BoundValuesMustAllBeThereAndUsed) {
  EXPECT_THAT(mistake("pid = 1\ncomm = ?2", {"a"}), HasSubstr("line 2: there is no bound value \"?2\""));
  EXPECT_THAT(mistake("comm = ?0", {"a"}), HasSubstr("line 1: there is no bound value"));
  EXPECT_THAT(mistake("comm = ?99999999999999999999", {"a"}), HasSubstr("no bound value"));
  EXPECT_THAT(mistake("comm = ?1", {"a", "b"}), HasSubstr("?2 is not used"));
  EXPECT_THAT(mistake("comm = ?x"), HasSubstr("quote a text"));
  EXPECT_THAT(mistake("pid = ?1", {"many"}), HasSubstr("line 1: pid: \"many\" is no whole number"));
}

TEST(FilterTest, UnknownColumnsNameTheNearest) {
  EXPECT_EQ(mistake("pid = 1\ntx_rat >= 5"), "line 2: there is no column \"tx_rat\"; the nearest is \"tx_rate\"");
  EXPECT_THAT(mistake("order_by = com"), HasSubstr("line 1: order_by: there is no column \"com\"; the nearest is"));
  EXPECT_THAT(mistake("columns = pid, exes"), HasSubstr("the nearest is \"exe\""));
  EXPECT_THAT(mistake("= 1"), HasSubstr("line 1"));
  EXPECT_THAT(mistake("! = 1"), HasSubstr("line 1"));
}

TEST(FilterTest, ValuesMustFitTheirColumn) {
  EXPECT_THAT(mistake("pid = 1.5"), HasSubstr("no whole number"));
  EXPECT_THAT(mistake("pid = 9223372036854775808"), HasSubstr("out of range"));
  EXPECT_THAT(mistake("tx_rate >= 1e999"), HasSubstr("out of range"));
  EXPECT_THAT(mistake("tx_rate = nan"), HasSubstr("no finite number"));
  EXPECT_THAT(mistake("seen >= yesterday"), HasSubstr("nanoseconds since 1970"));
  EXPECT_THAT(mistake("running = yes"), HasSubstr("true or false"));
  EXPECT_THAT(mistake("comm ="), HasSubstr("nothing stands behind"));
}

TEST(FilterTest, OperatorsMustFitTheirColumn) {
  EXPECT_THAT(mistake("pid ~= 1"), HasSubstr("~= does not apply to \"pid\""));
  EXPECT_THAT(mistake("running >= true"), HasSubstr(">= does not apply"));
  EXPECT_THAT(mistake("exe >= null"), HasSubstr("= and != only"));
  EXPECT_THAT(mistake("pid == 1"), HasSubstr("single ="));
  EXPECT_THAT(mistake("pid > 1"), HasSubstr("operators are"));
  EXPECT_THAT(mistake("limit >= 1"), HasSubstr("limit takes = only"));
}

TEST(FilterTest, ListsAndLimitMustMakeSense) {
  EXPECT_THAT(mistake("limit = -1"), HasSubstr("negative"));
  EXPECT_THAT(mistake("limit = few"), HasSubstr("no whole number"));
  EXPECT_THAT(mistake("limit = 1\nlimit = 2"), HasSubstr("line 2: limit is given twice"));
  EXPECT_THAT(mistake("order_by = pid up"), HasSubstr("neither asc nor desc"));
  EXPECT_THAT(mistake("order_by = pid, pid desc"), HasSubstr("named twice"));
  EXPECT_THAT(mistake("order_by = pid\norder_by = exe"), HasSubstr("given twice"));
  EXPECT_THAT(mistake("order_by = pid,"), HasSubstr("no column \"\""));
  EXPECT_THAT(mistake("columns = pid, pid"), HasSubstr("named twice"));
  EXPECT_THAT(mistake("columns ="), HasSubstr("no column \"\""));
}

TEST(FilterTest, ForeignBytesMatchAsWrittenAndAsShown) {
  const auto table = std::make_shared<test::FakeTable>(
      std::vector<Column>{{.name = "id"}, {.name = "name", .type = ColumnType::kText}},
      std::vector<std::optional<test::FakeRow>>{test::FakeRow{1, "a\xff"}, test::FakeRow{2, "a"}});
  EXPECT_THAT(keys(*test::open(table, "name = \"a\\xff\"")), ElementsAre(1));
  EXPECT_THAT(keys(*test::open(table, "name = a\xef\xbf\xbd")), ElementsAre(1));
}

}  // namespace
}  // namespace ipm::query

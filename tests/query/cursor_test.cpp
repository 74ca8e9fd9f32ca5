#include "query/cursor.h"

#include <gmock/gmock.h>

#include <limits>

#include "query/people_table.h"
#include "query/utf8.h"

namespace ipm::query {
namespace {

using test::FakeRow;
using test::FakeTable;
using test::keys;
using testing::ElementsAre;
using testing::IsEmpty;

std::shared_ptr<FakeTable> numbers(int count) {
  std::vector<std::optional<FakeRow>> rows;
  for (int i = 0; i < count; ++i) rows.push_back(FakeRow{i, i % 7});
  return std::make_shared<FakeTable>(std::vector<Column>{{.name = "n"}, {.name = "week"}}, std::move(rows));
}

TEST(CursorTest, GivesTheRowsThatExistWithTheirTypes) {
  const std::unique_ptr<Cursor> cursor = test::open(test::people(), "");
  EXPECT_EQ(cursor->column_count(), 6U);
  EXPECT_EQ(*cursor->find("tx_rate"), 3U);
  EXPECT_EQ(cursor->find("tx_rat").status().code(), Code::kNotFound);
  EXPECT_EQ(cursor->time_ns(), 1'700'000'000 * kSecond);
  EXPECT_FALSE(cursor->on_row());
  ASSERT_TRUE(cursor->next().ok());
  ASSERT_TRUE(cursor->on_row());
  EXPECT_EQ(cursor->cell(0).integer(), 10);
  EXPECT_EQ(cursor->cell(1).text(), "curl");
  EXPECT_EQ(cursor->cell(1).text().data()[4], '\0');
  EXPECT_EQ(cursor->cell(3).real(), 5.5);
  EXPECT_THAT(keys(*cursor), ElementsAre(20, 30, 40));
  EXPECT_FALSE(cursor->on_row());
  EXPECT_EQ(cursor->next().code(), Code::kEnd);
  EXPECT_EQ(cursor->next().code(), Code::kEnd);
}

TEST(CursorTest, ChosenColumnsComeInTheirOrder) {
  const std::unique_ptr<Cursor> cursor = test::open(test::people(), "columns = seen, pid\nexe ~= opt");
  ASSERT_EQ(cursor->column_count(), 2U);
  EXPECT_STREQ(cursor->column(0).name, "seen");
  ASSERT_TRUE(cursor->next().ok());
  EXPECT_EQ(cursor->cell(0).integer(), 300);
  EXPECT_EQ(cursor->cell(1).integer(), 30);
}

TEST(CursorTest, NullsComeLastInBothDirectionsAndTiesKeepSlotOrder) {
  EXPECT_THAT(keys("order_by = tx_rate"), ElementsAre(30, 10, 40, 20));
  EXPECT_THAT(keys("order_by = tx_rate desc"), ElementsAre(10, 40, 30, 20));
  EXPECT_THAT(keys("order_by = comm asc"), ElementsAre(20, 10, 30, 40));
  EXPECT_THAT(keys("order_by = comm desc"), ElementsAre(10, 30, 20, 40));
  EXPECT_THAT(keys("order_by = comm, pid desc"), ElementsAre(20, 30, 10, 40));
  EXPECT_THAT(keys("order_by = running desc, seen desc"), ElementsAre(40, 10, 20, 30));
}

TEST(CursorTest, LimitKeepsTheFirstOfTheOrder) {
  EXPECT_THAT(keys("limit = 2"), ElementsAre(10, 20));
  EXPECT_THAT(keys("limit = 0"), IsEmpty());
  EXPECT_THAT(keys("limit = 2\norder_by = pid desc"), ElementsAre(40, 30));
  EXPECT_THAT(keys("limit = 99\norder_by = pid desc"), ElementsAre(40, 30, 20, 10));
  const std::vector<std::int64_t> some = keys(*test::open(numbers(5000), "limit = 3\norder_by = week desc, n desc"));
  EXPECT_THAT(some, ElementsAre(4997, 4990, 4983));
}

TEST(CursorTest, ExtremeNumbersAndTextsSortAsTheyCompare) {
  const double infinity = std::numeric_limits<double>::infinity();
  const auto table = std::make_shared<FakeTable>(
      std::vector<Column>{
          {.name = "i"}, {.name = "d", .type = ColumnType::kDouble}, {.name = "t", .type = ColumnType::kText}},
      std::vector<std::optional<FakeRow>>{
          FakeRow{std::numeric_limits<std::int64_t>::max(), infinity, std::string("a\0b", 3)},
          FakeRow{std::int64_t{-1}, -0.0, "a"}, FakeRow{std::numeric_limits<std::int64_t>::min(), -infinity, "ab"},
          FakeRow{std::int64_t{0}, std::numeric_limits<double>::quiet_NaN(), ""}});
  const auto slots = [&](std::string_view filter) {
    std::vector<std::string> out;
    const std::unique_ptr<Cursor> cursor = test::open(table, filter);
    while (cursor->next().ok()) out.emplace_back(cursor->cell(2).text());
    return out;
  };
  EXPECT_THAT(slots("order_by = i"), ElementsAre("ab", "a", "", std::string("a\0b", 3)));
  EXPECT_THAT(slots("order_by = d desc"), ElementsAre(std::string("a\0b", 3), "a", "ab", ""));
  EXPECT_THAT(slots("order_by = t"), ElementsAre("", "a", std::string("a\0b", 3), "ab"));
  EXPECT_THAT(slots("order_by = t desc"), ElementsAre("ab", std::string("a\0b", 3), "a", ""));
  EXPECT_THAT(slots("d = null"), ElementsAre(""));
}

TEST(CursorTest, RowsAlreadyCopiedAreGivenAfterRevocationAndThenItIsExpiredForGood) {
  const std::shared_ptr<FakeTable> table = numbers(200);
  table->revoke_after(1);
  const std::unique_ptr<Cursor> cursor = test::open(table, "");
  EXPECT_EQ(keys(*cursor).size(), Cursor::kRowsPerRead);
  EXPECT_EQ(cursor->next().code(), Code::kExpired);
  EXPECT_EQ(cursor->next().code(), Code::kExpired);
  EXPECT_FALSE(cursor->on_row());
}

TEST(CursorTest, OrderingExpiresToo) {
  const std::shared_ptr<FakeTable> table = numbers(1000);
  table->revoke_after(3);
  EXPECT_EQ(test::open(table, "order_by = n")->next().code(), Code::kExpired);
}

TEST(CursorTest, AReadSectionIsShortAndAlwaysEnded) {
  const std::shared_ptr<FakeTable> table = numbers(5000);
  EXPECT_EQ(keys(*test::open(table, "")).size(), 5000U);
  EXPECT_LE(table->values_per_section_max(), 2 * Cursor::kRowsPerRead);
  EXPECT_EQ(keys(*test::open(table, "n >= 4999")).size(), 1U);
  EXPECT_LE(table->values_per_section_max(), 2 * Cursor::kSlotsPerRead);
  EXPECT_FALSE(table->reading());
}

TEST(CursorTest, AFinishedCursorGivesTheSnapshotBack) {
  std::shared_ptr<FakeTable> table = test::people();
  const std::weak_ptr<FakeTable> watched = table;
  const std::unique_ptr<Cursor> cursor = test::open(std::move(table), "");
  EXPECT_FALSE(watched.expired());
  EXPECT_EQ(keys(*cursor).size(), 4U);
  EXPECT_TRUE(watched.expired());
  EXPECT_STREQ(cursor->column(1).name, "comm");
}

TEST(CursorTest, AFilterOfAnotherTableIsRefused) {
  Filter filter;
  filter.order.push_back({.column = 6});
  EXPECT_EQ(Cursor::open(test::people(), filter).status().code(), Code::kInvalidArgument);
}

TEST(Utf8Test, EachLongestBrokenPieceBecomesOneReplacement) {
  const std::string r = "\xef\xbf\xbd";
  const std::pair<std::string, std::string> cases[] = {
      {"plain", "plain"},
      {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
      {"a\xff"
       "b",
       "a" + r + "b"},
      {"cut\xe2\x82", "cut" + r},
      {"\xf0\x9f\x98", r},
      {"\xc0\xaf", r + r},
      {"\xed\xa0\x80", r + r + r},
      {"\xf4\x90\x80\x80", r + r + r + r},
      {"\xe2\x82"
       "x",
       r + "x"},
      {std::string("\0\x80", 2), std::string("\0", 1) + r},
  };
  for (const auto& [bytes, expected] : cases) {
    std::string scratch;
    EXPECT_EQ(valid_utf8(bytes, scratch), expected);
    EXPECT_EQ(valid_utf8(expected, scratch), expected);
  }
}

}  // namespace
}  // namespace ipm::query

// What reading costs in memory: counted at operator new, so these tests are a program's only thread while they count.
#include <gtest/gtest.h>

#include "query/people_table.h"
#include "support/count_allocations.h"

namespace ipm::query {
namespace {

using test::FakeRow;
using test::FakeTable;
using test::g_allocations;

constexpr int kRows = 4000;

std::shared_ptr<FakeTable> long_texts() {
  std::vector<std::optional<FakeRow>> rows;
  for (int i = 0; i < kRows; ++i) rows.push_back(FakeRow{i, "/usr/lib/a/long/path/" + std::to_string(i + 10'000)});
  return std::make_shared<FakeTable>(std::vector<Column>{{.name = "n"}, {.name = "path", .type = ColumnType::kText}},
                                     std::move(rows));
}

TEST(CursorAllocationTest, ReadingOnAllocatesNothingOnceTheBuffersHaveGrown) {
  const std::unique_ptr<Cursor> cursor = test::open(long_texts(), "path ~= path");
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(cursor->next().ok());
  const std::size_t before = g_allocations;
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(cursor->next().ok());
  EXPECT_EQ(g_allocations - before, 0U);
}

TEST(CursorAllocationTest, OrderingWithALimitCostsMemoryForTheLimitAndNotForTheRows) {
  const std::unique_ptr<Cursor> ascending = test::open(long_texts(), "order_by = path\nlimit = 10");
  std::size_t before = g_allocations;
  ASSERT_TRUE(ascending->next().ok());
  EXPECT_LT(g_allocations - before, 100U);
  // The worst order: each row drives out another. Its key is kept in the memory of the one that leaves.
  const std::unique_ptr<Cursor> descending = test::open(long_texts(), "order_by = path desc\nlimit = 10");
  before = g_allocations;
  ASSERT_TRUE(descending->next().ok());
  EXPECT_EQ(descending->cell(0).integer(), kRows - 1);
  EXPECT_LT(g_allocations - before, 100U);
}

}  // namespace
}  // namespace ipm::query

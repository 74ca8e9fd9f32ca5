// Any bytes as a filter: they parse or say why not, and what parses gives rows in the order and number it asked for.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "../tests/support/fake_table.h"
#include "query/cursor.h"

namespace {

using ipm::query::Column;
using ipm::query::ColumnType;
using ipm::test::FakeRow;
using ipm::test::FakeTable;

std::shared_ptr<FakeTable> table() {
  return std::make_shared<FakeTable>(
      std::vector<Column>{{.name = "pid"},
                          {.name = "comm", .type = ColumnType::kText},
                          {.name = "rate", .type = ColumnType::kDouble},
                          {.name = "seen", .type = ColumnType::kTime},
                          {.name = "running", .type = ColumnType::kBool}},
      std::vector<std::optional<FakeRow>>{FakeRow{1, "curl", 1.5, 10, true}, std::nullopt,
                                          FakeRow{2, "a\xff", nullptr, 20, false},
                                          FakeRow{3, nullptr, -1.5, 30, nullptr}});
}

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::string_view kValues[] = {"curl", "2"};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (std::size_t bound : {std::size_t{0}, std::size_t{2}}) {
    ipm::Result<ipm::query::Filter> filter =
        ipm::query::parse_filter(text, table()->columns(), std::span(kValues, bound));
    if (!filter.ok()) {
      check(!filter.status().message().empty());
      continue;
    }
    const std::uint64_t limit = filter->limit;
    auto cursor = ipm::query::Cursor::open(table(), *std::move(filter));
    check(cursor.ok());
    std::uint64_t rows = 0;
    while ((*cursor)->next().ok()) ++rows;
    check(rows <= limit && rows <= 3);
    check((*cursor)->next().code() == ipm::Code::kEnd);
  }
  return 0;
}

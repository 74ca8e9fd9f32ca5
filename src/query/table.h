// What can be queried: rows of typed columns over one consistent snapshot. Filters, cursors and Arrow export know only
// this; the tables of the engine implement it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"

namespace ipm::query {

enum class ColumnType : std::int32_t { kInt64 = 1, kDouble = 2, kText = 3, kTime = 4, kBool = 5 };

// The one declaration of a column, from which docs, Arrow schema and the CLI's columns come. All texts are literals.
struct Column {
  const char* name = "";
  ColumnType type = ColumnType::kInt64;
  const char* unit = "";
  const char* layer = "";      // "row": the column `layer` of the row says it.
  const char* null_when = "";  // Empty: never null.
  const char* help = "";
  bool dictionary = false;  // Few distinct values: a dictionary in Arrow.
};

// One cell. Text is borrowed from the table or from the scratch string given to value().
struct Value {
  enum class Kind : std::uint8_t { kNull, kInt, kDouble, kText };
  Kind kind = Kind::kNull;
  std::int64_t integer = 0;  // Also times (ns since 1970) and bools.
  double real = 0;
  std::string_view text = {};

  static Value null() { return {}; }
  static Value of(std::int64_t v) { return {.kind = Kind::kInt, .integer = v}; }
  static Value of_u(std::uint64_t v) { return of(static_cast<std::int64_t>(v)); }
  static Value of_double(double v) { return {.kind = Kind::kDouble, .real = v}; }
  static Value of_text(std::string_view v) { return {.kind = Kind::kText, .text = v}; }
};

// Row numbers are slots: below slots(), not each holds a row; a row keeps its number within one snapshot.
// Threads: one reader at a time; the engine may run on another thread meanwhile.
class Table {
 public:
  virtual ~Table() = default;
  virtual std::span<const Column> columns() const = 0;
  virtual std::uint64_t slots() const = 0;
  virtual TimeNs time_ns() const = 0;  // When the snapshot was taken: Unix time of the engine's clock.

  // Reading happens between these two, for short whiles (at most a few hundred rows): begin fails with kExpired once
  // the snapshot was revoked, and until end the snapshot is not taken away.
  virtual Status begin_read() = 0;
  virtual void end_read() = 0;

  virtual bool exists(std::uint64_t slot) const = 0;
  // `scratch` may be used to build a text; the result is valid until scratch changes or end_read().
  virtual Value value(std::uint64_t slot, std::uint32_t column, std::string& scratch) const = 0;
};

}  // namespace ipm::query

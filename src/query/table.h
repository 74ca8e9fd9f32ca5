// What can be queried: rows of typed columns over one consistent snapshot. Filters, cursors and Arrow export know only
// this; the tables of the engine implement it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

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

// One cell, in two registers. Text is borrowed from the table or from the scratch string given to value(); of more than
// 4 GiB it is cut.
class Value {
 public:
  enum class Kind : std::uint8_t { kNull, kInt, kDouble, kText };

  Value() = default;
  static Value null() { return {}; }
  static Value of(std::int64_t v) {
    Value out(Kind::kInt);
    out.integer_ = v;
    return out;
  }
  static Value of_u(std::uint64_t v) { return of(static_cast<std::int64_t>(v)); }
  static Value of_double(double v) {
    Value out(Kind::kDouble);
    out.real_ = v;
    return out;
  }
  static Value of_text(std::string_view v) {
    Value out(Kind::kText);
    out.bytes_ = static_cast<std::uint32_t>(std::min<std::size_t>(v.size(), ~std::uint32_t{0}));
    out.text_ = v.data();
    return out;
  }

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  // Each only of its kind.
  std::int64_t integer() const { return integer_; }  // Also times (ns since 1970) and bools.
  double real() const { return real_; }
  double number() const { return is(Kind::kInt) ? static_cast<double>(integer_) : real_; }  // Of either.
  std::string_view text() const { return {text_, bytes_}; }

 private:
  explicit Value(Kind kind) : kind_(kind) {}

  Kind kind_ = Kind::kNull;
  std::uint32_t bytes_ = 0;
  union {
    std::int64_t integer_ = 0;
    double real_;
    const char* text_;
  };
};
static_assert(sizeof(Value) == 16 && std::is_trivially_copyable_v<Value>);

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

#include "query/arrow_column.h"

#include <bit>

namespace ipm::query {
namespace {

void append_bit(ArrowBuffer<std::uint8_t>& bits, std::int64_t row, bool value) {
  if (row % 8 == 0) bits.push_back(0);
  if (value) bits.back() = static_cast<std::uint8_t>(bits.back() | (1U << (row % 8)));
}

}  // namespace

// The first null makes the bitmap, with ones for the rows before it.
void ArrowColumn::append_validity(bool valid) {
  if (valid && null_count == 0) return;
  if (null_count == 0) {
    for (std::int64_t row = 0; row < length; ++row) append_bit(validity, row, true);
  }
  append_bit(validity, length, valid);
  if (!valid) ++null_count;
}

void ArrowColumn::append(const Column& column, const Value& cell, ArrowDictionary* dictionary) {
  const bool text_column = column.type == ColumnType::kText;
  // A cell of another family than its column is a defect of the table; as a null it harms nobody.
  const bool valid = !cell.is(Value::Kind::kNull) && cell.is(Value::Kind::kText) == text_column;
  append_validity(valid);
  switch (column.type) {
    case ColumnType::kInt64:
    case ColumnType::kTime:
      words.push_back(valid ? cell.integer() : 0);
      break;
    case ColumnType::kDouble:
      words.push_back(valid ? std::bit_cast<std::int64_t>(cell.number()) : 0);
      break;
    case ColumnType::kBool:
      append_bit(bits, length, valid && cell.integer() != 0);
      break;
    case ColumnType::kText:
      if (dictionary == nullptr) {
        texts.append(valid ? cell.text() : std::string_view());
      } else {
        indices.push_back(valid ? dictionary->index_of(cell.text()) : 0);
      }
      break;
  }
  ++length;
}

}  // namespace ipm::query

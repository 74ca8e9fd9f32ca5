#include "query/arrow_stream.h"

#include <gmock/gmock.h>

#include <cstring>
#include <map>

#include "query/people_table.h"

namespace ipm::query {
namespace {

using test::FakeRow;
using test::FakeTable;
using testing::ElementsAre;

// An Arrow consumer that knows only the specification.
bool bit(const void* bits, std::int64_t i) {
  return (static_cast<const std::uint8_t*>(bits)[i / 8] >> (i % 8)) & 1;
}

template <typename T>
T at(const ArrowArray& array, int buffer, std::int64_t i) {
  return static_cast<const T*>(array.buffers[buffer])[i];
}

std::string text_at(const ArrowArray& array, std::int64_t i) {
  const auto begin = at<std::int32_t>(array, 1, i);
  return {static_cast<const char*>(array.buffers[2]) + begin,
          static_cast<std::size_t>(at<std::int32_t>(array, 1, i + 1) - begin)};
}

std::string shown(const ArrowSchema& schema, const ArrowArray& array, std::int64_t i) {
  if (array.buffers[0] != nullptr && !bit(array.buffers[0], i)) return "null";
  if (schema.dictionary != nullptr) return text_at(*array.dictionary, at<std::int32_t>(array, 1, i));
  switch (schema.format[0]) {
    case 'u':
      return text_at(array, i);
    case 'b':
      return bit(array.buffers[1], i) ? "true" : "false";
    case 'g':
      return std::to_string(at<double>(array, 1, i));
    default:
      return std::to_string(at<std::int64_t>(array, 1, i));
  }
}

std::vector<std::string> column_texts(const ArrowSchema& schema, const ArrowArray& array) {
  std::vector<std::string> out;
  for (std::int64_t i = 0; i < array.length; ++i) out.push_back(shown(schema, array, i));
  return out;
}

std::map<std::string, std::string> metadata(const ArrowSchema& schema) {
  std::map<std::string, std::string> out;
  const char* p = schema.metadata;
  if (p == nullptr) return out;
  const auto number = [&] {
    std::int32_t n;
    std::memcpy(&n, p, sizeof n);
    p += sizeof n;
    return n;
  };
  const auto text = [&] {
    const auto bytes = static_cast<std::size_t>(number());
    p += bytes;
    return std::string(p - bytes, bytes);
  };
  for (std::int32_t pairs = number(); pairs > 0; --pairs) {
    const std::string key = text();
    out[key] = text();
  }
  return out;
}

ArrowArrayStream exported(const std::shared_ptr<FakeTable>& table, std::string_view filter = "",
                          ArrowBatchBounds bounds = {}) {
  ArrowArrayStream stream;
  const std::unique_ptr<Cursor> cursor = test::open(table, filter);
  const Status status = export_stream(*cursor, &stream, bounds);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(cursor->next().code(), Code::kEnd);
  return stream;
}

TEST(ArrowStreamTest, SchemaSaysFormatsNullabilityUnitsAndLayers) {
  ArrowArrayStream stream = exported(test::people());
  ArrowSchema schema;
  ASSERT_EQ(stream.get_schema(&stream, &schema), 0);
  stream.release(&stream);  // A schema lives on its own.
  ASSERT_EQ(schema.n_children, 6);
  EXPECT_STREQ(schema.format, "+s");
  std::vector<std::string> formats;
  std::vector<bool> nullable;
  for (int i = 0; i < 6; ++i) {
    formats.emplace_back(schema.children[i]->format);
    nullable.push_back((schema.children[i]->flags & ARROW_FLAG_NULLABLE) != 0);
  }
  EXPECT_THAT(formats, ElementsAre("l", "i", "u", "g", "tsn:UTC", "b"));
  EXPECT_THAT(nullable, ElementsAre(false, true, true, true, false, true));
  EXPECT_STREQ(schema.children[1]->name, "comm");
  ASSERT_NE(schema.children[1]->dictionary, nullptr);
  EXPECT_STREQ(schema.children[1]->dictionary->format, "u");
  EXPECT_THAT(metadata(*schema.children[3]), ElementsAre(std::pair("layer", "app"), std::pair("unit", "bytes/s")));
  EXPECT_EQ(schema.children[0]->metadata, nullptr);
  schema.release(&schema);
  EXPECT_EQ(schema.release, nullptr);
}

TEST(ArrowStreamTest, EveryTypeArrivesWithItsNulls) {
  ArrowArrayStream stream = exported(test::people());
  ArrowSchema schema;
  ArrowArray batch;
  ASSERT_EQ(stream.get_schema(&stream, &schema), 0);
  ASSERT_EQ(stream.get_next(&stream, &batch), 0);
  ASSERT_NE(batch.release, nullptr);
  EXPECT_EQ(batch.length, 4);
  EXPECT_EQ(batch.n_buffers, 1);
  const auto column = [&](int i) { return column_texts(*schema.children[i], *batch.children[i]); };
  EXPECT_THAT(column(0), ElementsAre("10", "20", "30", "40"));
  EXPECT_THAT(column(1), ElementsAre("curl", "bash", "curl", "null"));
  EXPECT_THAT(column(2), ElementsAre("/usr/bin/curl", "null", "/opt/curl", ""));
  EXPECT_THAT(column(3), ElementsAre("5.500000", "null", "-2.000000", "5.500000"));
  EXPECT_THAT(column(4), ElementsAre("100", "200", "300", "400"));
  EXPECT_THAT(column(5), ElementsAre("true", "false", "null", "true"));
  std::vector<std::int64_t> nulls;
  for (int i = 0; i < 6; ++i) {
    const ArrowArray& child = *batch.children[i];
    nulls.push_back(child.null_count);
    EXPECT_EQ(child.null_count == 0, child.buffers[0] == nullptr);
    for (std::int64_t b = 0; b < child.n_buffers; ++b) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(child.buffers[b]) % 64, 0U);
    }
  }
  EXPECT_THAT(nulls, ElementsAre(0, 1, 1, 1, 0, 1));
  EXPECT_EQ(batch.children[1]->dictionary->length, 2);
  batch.release(&batch);
  ASSERT_EQ(stream.get_next(&stream, &batch), 0);
  EXPECT_EQ(batch.release, nullptr);
  stream.release(&stream);
  schema.release(&schema);
}

std::shared_ptr<FakeTable> words(int count) {
  std::vector<std::optional<FakeRow>> rows;
  for (int i = 0; i < count; ++i) {
    rows.push_back(FakeRow{i, i % 3 == 0 ? test::FakeCell(nullptr) : test::FakeCell("w" + std::to_string(i % 5)),
                           std::string(10, 'x')});
  }
  return std::make_shared<FakeTable>(
      std::vector<Column>{{.name = "n"},
                          {.name = "word", .type = ColumnType::kText, .dictionary = true},
                          {.name = "plain", .type = ColumnType::kText}},
      std::move(rows));
}

std::vector<std::int64_t> batch_lengths(ArrowArrayStream& stream) {
  std::vector<std::int64_t> out;
  ArrowArray batch;
  while (stream.get_next(&stream, &batch) == 0 && batch.release != nullptr) {
    out.push_back(batch.length);
    batch.release(&batch);
  }
  stream.release(&stream);
  return out;
}

TEST(ArrowStreamTest, BatchesEndAtTheirRowsAndAtTheirText) {
  ArrowArrayStream stream = exported(words(20), "", {.rows_max = 8});
  EXPECT_THAT(batch_lengths(stream), ElementsAre(8, 8, 4));
  stream = exported(words(10), "", {.text_bytes_max = 45});
  EXPECT_THAT(batch_lengths(stream), ElementsAre(4, 4, 2));
  stream = exported(words(65'537));
  EXPECT_THAT(batch_lengths(stream), ElementsAre(65'536, 1));
}

TEST(ArrowStreamTest, NoRowsAreAStreamWithoutBatches) {
  ArrowArrayStream stream = exported(words(20), "limit = 0");
  EXPECT_THAT(batch_lengths(stream), ElementsAre());
}

TEST(ArrowStreamTest, OneDictionaryServesAllBatches) {
  ArrowArrayStream stream = exported(words(20), "", {.rows_max = 8});
  ArrowArray first;
  ArrowArray second;
  ASSERT_EQ(stream.get_next(&stream, &first), 0);
  ASSERT_EQ(stream.get_next(&stream, &second), 0);
  EXPECT_EQ(first.children[1]->dictionary->length, 5);
  EXPECT_EQ(first.children[1]->dictionary->buffers[2], second.children[1]->dictionary->buffers[2]);
  first.release(&first);
  stream.release(&stream);
  EXPECT_EQ(text_at(*second.children[1]->dictionary, at<std::int32_t>(*second.children[1], 1, 0)), "w3");
  second.release(&second);
}

TEST(ArrowStreamTest, PartsThatWereMovedOutOutliveEverythingElse) {
  ArrowArrayStream stream = exported(words(20));
  ArrowSchema schema;
  ArrowArray batch;
  ASSERT_EQ(stream.get_schema(&stream, &schema), 0);
  ASSERT_EQ(stream.get_next(&stream, &batch), 0);
  ArrowArray word = *batch.children[1];  // Moved: the spec says to mark the source as released.
  batch.children[1]->release = nullptr;
  ArrowArray plain = *batch.children[2];
  batch.children[2]->release = nullptr;
  ArrowSchema field = *schema.children[1];
  schema.children[1]->release = nullptr;
  batch.release(&batch);
  stream.release(&stream);
  schema.release(&schema);
  EXPECT_EQ(shown(field, word, 1), "w1");
  EXPECT_EQ(shown(field, word, 0), "null");
  ArrowArray dictionary = *word.dictionary;
  word.dictionary->release = nullptr;
  word.release(&word);
  EXPECT_EQ(text_at(dictionary, 0), "w1");
  dictionary.release(&dictionary);
  EXPECT_EQ(text_at(plain, 19), "xxxxxxxxxx");
  plain.release(&plain);
  field.release(&field);
}

TEST(ArrowStreamTest, AHalfConsumedStreamIsReleasedWhole) {
  ArrowArrayStream stream = exported(words(100), "", {.rows_max = 10});
  ArrowArray batch;
  ASSERT_EQ(stream.get_next(&stream, &batch), 0);
  stream.release(&stream);
  EXPECT_EQ(stream.release, nullptr);
  EXPECT_EQ(at<std::int64_t>(*batch.children[0], 1, 9), 9);
  batch.release(&batch);
}

TEST(ArrowStreamTest, TheStreamTakesOnlyTheRowsThatAreLeft) {
  const std::unique_ptr<Cursor> cursor = test::open(words(20), "");
  ASSERT_TRUE(cursor->next().ok());
  ArrowArrayStream stream;
  ASSERT_TRUE(export_stream(*cursor, &stream).ok());
  EXPECT_THAT(batch_lengths(stream), ElementsAre(19));
}

TEST(ArrowStreamTest, RevocationWhileOpeningIsAnErrorAndAfterItIsNone) {
  const std::shared_ptr<FakeTable> table = words(200);
  table->revoke_after(2);
  ArrowArrayStream stream;
  EXPECT_EQ(export_stream(*test::open(table, ""), &stream).code(), Code::kExpired);
  EXPECT_EQ(stream.release, nullptr);

  const std::shared_ptr<FakeTable> later = words(200);
  stream = exported(later);
  later->revoke_after(0);
  EXPECT_THAT(batch_lengths(stream), ElementsAre(200));
}

TEST(ArrowStreamTest, ANullWhereTheTablePromisedNoneMakesTheColumnNullable) {
  const auto table = std::make_shared<FakeTable>(std::vector<Column>{{.name = "n"}},
                                                 std::vector<std::optional<FakeRow>>{FakeRow{nullptr}});
  ArrowArrayStream stream = exported(table);
  ArrowSchema schema;
  ASSERT_EQ(stream.get_schema(&stream, &schema), 0);
  EXPECT_EQ(schema.children[0]->flags, ARROW_FLAG_NULLABLE);
  schema.release(&schema);
  stream.release(&stream);
}

}  // namespace
}  // namespace ipm::query

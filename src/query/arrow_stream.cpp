#include "query/arrow_stream.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "query/arrow_column.h"

namespace ipm::query {
namespace {

struct Field {
  Column column;
  bool nullable = false;
  std::shared_ptr<ArrowDictionary> dictionary;  // One for the whole stream; null without.
};

using Batch = std::vector<std::shared_ptr<ArrowColumn>>;

std::int64_t rows_of(const Batch& batch) {
  return batch.empty() ? 0 : batch.front()->length;
}

// Releases what its consumer has not moved out: moving leaves release null behind.
template <typename T>
void release_left(T& part) {
  if (part.release != nullptr) part.release(&part);
}

// ---- schema ----

// Behind one ArrowSchema: the children's storage. A child that was moved out has its own holder.
struct SchemaHolder {
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> pointers;
  ArrowSchema dictionary{};
  std::string metadata;

  ~SchemaHolder() {
    for (ArrowSchema& child : children) release_left(child);
    release_left(dictionary);
  }
};

void release_schema(ArrowSchema* schema) {
  delete static_cast<SchemaHolder*>(schema->private_data);
  schema->release = nullptr;
}

void append_metadata(std::string& out, std::string_view key, std::string_view value) {
  for (std::string_view text : {key, value}) {
    const auto bytes = static_cast<std::int32_t>(text.size());
    out.append(reinterpret_cast<const char*>(&bytes), sizeof bytes).append(text);
  }
}

// The binary form of the C data interface: a count, then length and bytes of each key and value, native-endian.
std::string metadata_of(const Column& column) {
  std::string pairs;
  std::int32_t count = 0;
  for (const auto& [key, value] : {std::pair{"unit", column.unit}, std::pair{"layer", column.layer}}) {
    if (*value == '\0') continue;
    append_metadata(pairs, key, value);
    ++count;
  }
  if (count == 0) return {};
  return std::string(reinterpret_cast<const char*>(&count), sizeof count) + pairs;
}

const char* format_of(const Field& field) {
  switch (field.column.type) {
    case ColumnType::kInt64:
      return "l";
    case ColumnType::kDouble:
      return "g";
    case ColumnType::kText:
      return field.dictionary ? "i" : "u";
    case ColumnType::kTime:
      return "tsn:UTC";
    case ColumnType::kBool:
      return "b";
  }
  return "n";
}

// Hands the holder over. `out` is complete or, if something throws before, still released.
void publish(std::unique_ptr<SchemaHolder> holder, const char* format, const char* name, bool nullable,
             ArrowSchema* out) {
  *out = {};
  out->format = format;
  out->name = name;
  out->metadata = holder->metadata.empty() ? nullptr : holder->metadata.data();
  out->flags = nullable ? ARROW_FLAG_NULLABLE : 0;
  out->n_children = static_cast<std::int64_t>(holder->children.size());
  out->children = holder->pointers.empty() ? nullptr : holder->pointers.data();
  out->dictionary = holder->dictionary.release != nullptr ? &holder->dictionary : nullptr;
  out->private_data = holder.release();
  out->release = release_schema;
}

void export_field(const Field& field, ArrowSchema* out) {
  auto holder = std::make_unique<SchemaHolder>();
  holder->metadata = metadata_of(field.column);
  if (field.dictionary) publish(std::make_unique<SchemaHolder>(), "u", "", false, &holder->dictionary);
  publish(std::move(holder), format_of(field), field.column.name, field.nullable, out);
}

void export_schema(const std::vector<Field>& fields, ArrowSchema* out) {
  auto holder = std::make_unique<SchemaHolder>();
  holder->children.resize(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    export_field(fields[i], &holder->children[i]);
    holder->pointers.push_back(&holder->children[i]);
  }
  publish(std::move(holder), "+s", "", false, out);
}

// ---- arrays ----

struct ArrayHolder {
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
  ArrowArray dictionary{};
  std::array<const void*, 3> buffers{};
  std::shared_ptr<const void> owner;  // Keeps what the buffers point to.

  ~ArrayHolder() {
    for (ArrowArray& child : children) release_left(child);
    release_left(dictionary);
  }
};

void release_array(ArrowArray* array) {
  delete static_cast<ArrayHolder*>(array->private_data);
  array->release = nullptr;
}

void publish(std::unique_ptr<ArrayHolder> holder, std::int64_t length, std::int64_t null_count, std::int64_t buffers,
             ArrowArray* out) {
  *out = {};
  out->length = length;
  out->null_count = null_count;
  out->n_buffers = buffers;
  out->n_children = static_cast<std::int64_t>(holder->children.size());
  out->buffers = holder->buffers.data();
  out->children = holder->pointers.empty() ? nullptr : holder->pointers.data();
  out->dictionary = holder->dictionary.release != nullptr ? &holder->dictionary : nullptr;
  out->private_data = holder.release();
  out->release = release_array;
}

// Some consumers take a null data buffer for a mistake, even of no bytes.
template <typename T>
const void* data_of(const ArrowBuffer<T>& buffer) {
  alignas(64) static constexpr char kNothing[64] = {};
  return buffer.empty() ? static_cast<const void*>(kNothing) : buffer.data();
}

void export_texts(const ArrowTexts& texts, ArrayHolder& holder) {
  holder.buffers[1] = data_of(texts.offsets);
  holder.buffers[2] = data_of(texts.bytes);
}

void export_column(const Field& field, const std::shared_ptr<ArrowColumn>& column, ArrowArray* out) {
  auto holder = std::make_unique<ArrayHolder>();
  holder->owner = column;
  holder->buffers[0] = column->null_count > 0 ? column->validity.data() : nullptr;
  std::int64_t buffers = 2;
  if (field.dictionary) {
    holder->buffers[1] = data_of(column->indices);
    auto dictionary = std::make_unique<ArrayHolder>();
    dictionary->owner = field.dictionary;
    export_texts(field.dictionary->texts(), *dictionary);
    publish(std::move(dictionary), field.dictionary->size(), 0, 3, &holder->dictionary);
  } else if (field.column.type == ColumnType::kText) {
    export_texts(column->texts, *holder);
    buffers = 3;
  } else if (field.column.type == ColumnType::kBool) {
    holder->buffers[1] = data_of(column->bits);
  } else {
    holder->buffers[1] = data_of(column->words);
  }
  publish(std::move(holder), column->length, column->null_count, buffers, out);
}

void export_batch(const std::vector<Field>& fields, const Batch& batch, ArrowArray* out) {
  auto holder = std::make_unique<ArrayHolder>();
  holder->children.resize(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    export_column(fields[i], batch[i], &holder->children[i]);
    holder->pointers.push_back(&holder->children[i]);
  }
  publish(std::move(holder), rows_of(batch), 0, 1, out);
}

// ---- stream ----

struct Stream {
  std::vector<Field> fields;
  std::deque<Batch> batches;  // Not given out yet.
  const char* error = nullptr;
};

// Runs `body` where no exception may leave, and answers as the interface wants: 0 or an errno.
template <typename Body>
int answer(ArrowArrayStream* stream, Body body) noexcept {
  auto* state = static_cast<Stream*>(stream->private_data);
  try {
    body(*state);
    state->error = nullptr;
    return 0;
  } catch (const std::bad_alloc&) {
    state->error = "out of memory";
    return ENOMEM;
  } catch (...) {
    state->error = "internal error while exporting";
    return EIO;
  }
}

int stream_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  out->release = nullptr;
  return answer(stream, [&](Stream& state) { export_schema(state.fields, out); });
}

int stream_next(ArrowArrayStream* stream, ArrowArray* out) {
  *out = {};  // A released array says that the stream has ended.
  return answer(stream, [&](Stream& state) {
    if (state.batches.empty()) return;
    export_batch(state.fields, state.batches.front(), out);
    state.batches.pop_front();
  });
}

const char* stream_error(ArrowArrayStream* stream) {
  return static_cast<Stream*>(stream->private_data)->error;
}

void stream_release(ArrowArrayStream* stream) {
  delete static_cast<Stream*>(stream->private_data);
  stream->release = nullptr;
}

Batch empty_batch(std::size_t columns) {
  Batch batch(columns);
  for (auto& column : batch) column = std::make_shared<ArrowColumn>();
  return batch;
}

std::size_t plain_text_bytes(const Cursor& cursor) {
  std::size_t bytes = 0;
  for (std::uint32_t i = 0; i < cursor.column_count(); ++i) {
    const Cell& cell = cursor.cell(i);
    if (cell.is(Value::Kind::kText) && !cursor.column(i).dictionary) bytes += cell.text().size();
  }
  return bytes;
}

Status append_row(const Cursor& cursor, const ArrowBatchBounds& bounds, std::vector<Field>& fields, Batch& batch) {
  for (std::uint32_t i = 0; i < cursor.column_count(); ++i) {
    Field& field = fields[i];
    const Cell& cell = cursor.cell(i);
    batch[i]->append(field.column, cell, field.dictionary.get());
    if (batch[i]->null_count > 0) field.nullable = true;
    if (field.dictionary && field.dictionary->bytes() > bounds.text_bytes_max) {
      return Status::limit(std::string("too many distinct texts in the column ") + field.column.name);
    }
  }
  return Status::success();
}

Status take_rows(Cursor& cursor, const ArrowBatchBounds& bounds, Stream& stream) {
  Batch batch = empty_batch(stream.fields.size());
  std::size_t text_bytes = 0;
  Status status = cursor.next();
  for (; status.ok(); status = cursor.next()) {
    const std::size_t row_bytes = plain_text_bytes(cursor);
    if (row_bytes > bounds.text_bytes_max) return Status::limit("a row has too much text for an Arrow batch");
    if (rows_of(batch) >= bounds.rows_max || text_bytes + row_bytes > bounds.text_bytes_max) {
      stream.batches.push_back(std::exchange(batch, empty_batch(stream.fields.size())));
      text_bytes = 0;
    }
    text_bytes += row_bytes;
    if (Status full = append_row(cursor, bounds, stream.fields, batch); !full.ok()) return full;
  }
  if (status.is_error()) return status;
  if (rows_of(batch) > 0) stream.batches.push_back(std::move(batch));
  return Status::success();
}

}  // namespace

Status export_stream(Cursor& cursor, struct ArrowArrayStream* out, ArrowBatchBounds bounds) {
  *out = {};
  auto stream = std::make_unique<Stream>();
  for (std::uint32_t i = 0; i < cursor.column_count(); ++i) {
    Field field;
    field.column = cursor.column(i);
    field.nullable = *field.column.null_when != '\0';
    if (field.column.type == ColumnType::kText && field.column.dictionary) {
      field.dictionary = std::make_shared<ArrowDictionary>();
    }
    stream->fields.push_back(std::move(field));
  }
  if (Status status = take_rows(cursor, bounds, *stream); !status.ok()) return status;
  for (Field& field : stream->fields) {
    if (field.dictionary) field.dictionary->seal();
  }
  *out = {.get_schema = stream_schema,
          .get_next = stream_next,
          .get_last_error = stream_error,
          .release = stream_release,
          .private_data = stream.release()};
  return Status::success();
}

}  // namespace ipm::query

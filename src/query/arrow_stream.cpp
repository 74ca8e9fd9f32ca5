#include "query/arrow_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>

namespace ipm::query {
namespace {

constexpr std::int64_t kBatchRows = 65'536;
constexpr std::size_t kBatchTextBytes = std::size_t{1} << 30;  // Offsets are int32.

// Memory aligned to 64 bytes, as the format asks for.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t bytes) : data_(std::aligned_alloc(64, (std::max<std::size_t>(bytes, 1) + 63) / 64 * 64)) {
    if (data_ == nullptr) throw std::bad_alloc();
    std::memset(data_, 0, (std::max<std::size_t>(bytes, 1) + 63) / 64 * 64);
  }
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    return *this;
  }
  ~Buffer() { std::free(data_); }
  template <typename T>
  T* as() const {
    return static_cast<T*>(data_);
  }
  const void* get() const { return data_; }

 private:
  void* data_ = nullptr;
};

// One gathered column.
struct Gathered {
  Column info;
  std::vector<std::int64_t> numbers;  // Also doubles by their bits, bools, dictionary indexes.
  std::vector<bool> valid;
  std::vector<std::uint64_t> text_ends;  // Cumulative, in text.
  std::string text;
  std::vector<std::string> dictionary;
  std::map<std::string, std::int64_t, std::less<>> dictionary_index;

  bool is_dictionary() const { return info.type == ColumnType::kText && info.dictionary; }
  bool is_text() const { return info.type == ColumnType::kText && !info.dictionary; }
  void add(const Cell& cell) {
    valid.push_back(cell.kind != Value::Kind::kNull);
    if (is_text()) {
      text += cell.text;
      text_ends.push_back(text.size());
      return;
    }
    std::int64_t number = cell.integer;
    if (cell.kind == Value::Kind::kDouble) std::memcpy(&number, &cell.real, sizeof number);
    if (is_dictionary() && cell.kind == Value::Kind::kText) {
      const auto [at, fresh] = dictionary_index.try_emplace(cell.text, static_cast<std::int64_t>(dictionary.size()));
      if (fresh) dictionary.push_back(cell.text);
      number = at->second;
    }
    numbers.push_back(number);
  }
};

struct Stream {
  std::vector<Gathered> columns;
  std::int64_t rows = 0;
  std::int64_t next = 0;
  std::string error;
};

// --- schema ---

const char* format_of(const Gathered& column) {
  if (column.is_dictionary()) return "i";
  switch (column.info.type) {
    case ColumnType::kInt64: return "l";
    case ColumnType::kDouble: return "g";
    case ColumnType::kText: return "u";
    case ColumnType::kTime: return "tsn:UTC";
    case ColumnType::kBool: return "b";
  }
  return "n";
}

// Key-value metadata: int32 count, then int32 length and bytes of each key and value, in native byte order.
std::string metadata_of(const Column& column) {
  std::string out;
  const auto put = [&](std::int32_t number) { out.append(reinterpret_cast<const char*>(&number), sizeof number); };
  const auto put_text = [&](std::string_view text) {
    put(static_cast<std::int32_t>(text.size()));
    out += text;
  };
  put(2);
  put_text("unit");
  put_text(column.unit);
  put_text("layer");
  put_text(column.layer);
  return out;
}

struct SchemaBody {
  std::string name;
  std::string metadata;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> child_pointers;
  ArrowSchema dictionary{};
};

void release_schema(ArrowSchema* schema) {
  auto* body = static_cast<SchemaBody*>(schema->private_data);
  for (ArrowSchema& child : body->children) {
    if (child.release != nullptr) child.release(&child);
  }
  if (schema->dictionary != nullptr && schema->dictionary->release != nullptr) schema->dictionary->release(schema->dictionary);
  delete body;
  schema->release = nullptr;
}

void make_schema(ArrowSchema* out, const char* format, std::string name, std::string metadata, std::unique_ptr<SchemaBody> body) {
  body->name = std::move(name);
  body->metadata = std::move(metadata);
  *out = {};
  out->format = format;  // A literal.
  out->name = body->name.c_str();
  out->metadata = body->metadata.empty() ? nullptr : body->metadata.data();
  out->flags = ARROW_FLAG_NULLABLE;
  out->n_children = static_cast<std::int64_t>(body->children.size());
  out->children = body->children.empty() ? nullptr : body->child_pointers.data();
  out->dictionary = body->dictionary.release != nullptr ? &body->dictionary : nullptr;
  out->release = release_schema;
  out->private_data = body.release();
}

void fill_schema(const Stream& stream, ArrowSchema* out) {
  auto body = std::make_unique<SchemaBody>();
  body->children.resize(stream.columns.size());
  for (std::size_t i = 0; i < stream.columns.size(); ++i) {
    auto child = std::make_unique<SchemaBody>();
    if (stream.columns[i].is_dictionary()) make_schema(&child->dictionary, "u", "", "", std::make_unique<SchemaBody>());
    make_schema(&body->children[i], format_of(stream.columns[i]), stream.columns[i].info.name, metadata_of(stream.columns[i].info), std::move(child));
    if (*stream.columns[i].info.null_when == '\0') body->children[i].flags = 0;
    body->child_pointers.push_back(&body->children[i]);
  }
  make_schema(out, "+s", "", "", std::move(body));
  out->flags = 0;
}

// --- arrays ---

struct ArrayBody {
  std::vector<Buffer> owned;
  std::vector<const void*> buffers;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
  ArrowArray dictionary{};
};

void release_array(ArrowArray* array) {
  auto* body = static_cast<ArrayBody*>(array->private_data);
  for (ArrowArray& child : body->children) {
    if (child.release != nullptr) child.release(&child);
  }
  if (array->dictionary != nullptr && array->dictionary->release != nullptr) array->dictionary->release(array->dictionary);
  delete body;
  array->release = nullptr;
}

void make_array(ArrowArray* out, std::int64_t length, std::int64_t nulls, std::unique_ptr<ArrayBody> body) {
  *out = {};
  out->length = length;
  out->null_count = nulls;
  out->n_buffers = static_cast<std::int64_t>(body->buffers.size());
  out->buffers = body->buffers.data();
  out->n_children = static_cast<std::int64_t>(body->children.size());
  out->children = body->children.empty() ? nullptr : body->child_pointers.data();
  out->dictionary = body->dictionary.release != nullptr ? &body->dictionary : nullptr;
  out->release = release_array;
  out->private_data = body.release();
}

void add_buffer(ArrayBody& body, Buffer buffer) {
  body.owned.push_back(std::move(buffer));
  body.buffers.push_back(body.owned.back().get());
}

// utf8 array of the texts that `text_of(i)` gives.
template <typename TextOf>
void add_text_buffers(ArrayBody& body, std::int64_t rows, const TextOf& text_of) {
  std::size_t total = 0;
  for (std::int64_t i = 0; i < rows; ++i) total += text_of(i).size();
  Buffer offsets(static_cast<std::size_t>(rows + 1) * sizeof(std::int32_t));
  Buffer bytes(total);
  std::size_t at = 0;
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::string_view text = text_of(i);
    std::memcpy(bytes.as<char>() + at, text.data(), text.size());
    at += text.size();
    offsets.as<std::int32_t>()[i + 1] = static_cast<std::int32_t>(at);
  }
  add_buffer(body, std::move(offsets));
  add_buffer(body, std::move(bytes));
}

void fill_column(const Gathered& column, std::int64_t begin, std::int64_t rows, ArrowArray* out) {
  auto body = std::make_unique<ArrayBody>();
  const auto first = static_cast<std::size_t>(begin);
  std::int64_t nulls = 0;
  for (std::int64_t i = 0; i < rows; ++i) nulls += column.valid[first + static_cast<std::size_t>(i)] ? 0 : 1;
  if (nulls == 0) {
    body->buffers.push_back(nullptr);
  } else {
    Buffer bitmap(static_cast<std::size_t>(rows + 7) / 8);
    for (std::int64_t i = 0; i < rows; ++i) {
      if (column.valid[first + static_cast<std::size_t>(i)]) bitmap.as<std::uint8_t>()[i / 8] |= static_cast<std::uint8_t>(1U << (i % 8));
    }
    add_buffer(*body, std::move(bitmap));
  }
  if (column.is_text()) {
    add_text_buffers(*body, rows, [&](std::int64_t i) {
      const std::size_t row = first + static_cast<std::size_t>(i);
      const std::uint64_t from = row == 0 ? 0 : column.text_ends[row - 1];
      return std::string_view(column.text).substr(from, column.text_ends[row] - from);
    });
  } else if (column.info.type == ColumnType::kBool) {
    Buffer bits(static_cast<std::size_t>(rows + 7) / 8);
    for (std::int64_t i = 0; i < rows; ++i) {
      if (column.numbers[first + static_cast<std::size_t>(i)] != 0) bits.as<std::uint8_t>()[i / 8] |= static_cast<std::uint8_t>(1U << (i % 8));
    }
    add_buffer(*body, std::move(bits));
  } else if (column.is_dictionary()) {
    Buffer indexes(static_cast<std::size_t>(rows) * sizeof(std::int32_t));
    for (std::int64_t i = 0; i < rows; ++i) indexes.as<std::int32_t>()[i] = static_cast<std::int32_t>(column.numbers[first + static_cast<std::size_t>(i)]);
    add_buffer(*body, std::move(indexes));
    auto words = std::make_unique<ArrayBody>();
    words->buffers.push_back(nullptr);
    const auto count = static_cast<std::int64_t>(column.dictionary.size());
    add_text_buffers(*words, count, [&](std::int64_t i) { return std::string_view(column.dictionary[static_cast<std::size_t>(i)]); });
    make_array(&body->dictionary, count, 0, std::move(words));
  } else {
    Buffer numbers(static_cast<std::size_t>(rows) * sizeof(std::int64_t));
    if (rows != 0) std::memcpy(numbers.as<std::int64_t>(), column.numbers.data() + first, static_cast<std::size_t>(rows) * sizeof(std::int64_t));
    add_buffer(*body, std::move(numbers));
  }
  make_array(out, rows, nulls, std::move(body));
}

// Rows from stream.next that fit one batch.
std::int64_t batch_rows(const Stream& stream) {
  std::int64_t rows = std::min(kBatchRows, stream.rows - stream.next);
  for (const Gathered& column : stream.columns) {
    if (!column.is_text()) continue;
    const std::uint64_t from = stream.next == 0 ? 0 : column.text_ends[static_cast<std::size_t>(stream.next) - 1];
    while (rows > 1 && column.text_ends[static_cast<std::size_t>(stream.next + rows) - 1] - from > kBatchTextBytes) rows /= 2;
  }
  return rows;
}

void fill_batch(Stream& stream, ArrowArray* out) {
  const std::int64_t rows = batch_rows(stream);
  auto body = std::make_unique<ArrayBody>();
  body->buffers.push_back(nullptr);
  body->children.resize(stream.columns.size());
  for (std::size_t i = 0; i < stream.columns.size(); ++i) {
    fill_column(stream.columns[i], stream.next, rows, &body->children[i]);
    body->child_pointers.push_back(&body->children[i]);
  }
  make_array(out, rows, 0, std::move(body));
  stream.next += rows;
}

template <typename Body>
int guarded(ArrowArrayStream* stream, Body&& body) noexcept {
  auto& state = *static_cast<Stream*>(stream->private_data);
  try {
    body(state);
    return 0;
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  } catch (...) {
    return EIO;
  }
}

int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  return guarded(stream, [&](Stream& state) { fill_schema(state, out); });
}
int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  return guarded(stream, [&](Stream& state) {
    *out = {};
    if (state.next < state.rows) fill_batch(state, out);
  });
}
const char* get_last_error(ArrowArrayStream* stream) {
  const auto& state = *static_cast<Stream*>(stream->private_data);
  return state.error.empty() ? nullptr : state.error.c_str();
}
void release_stream(ArrowArrayStream* stream) {
  delete static_cast<Stream*>(stream->private_data);
  stream->release = nullptr;
}

}  // namespace

Status export_stream(Cursor& cursor, ArrowArrayStream* out) {
  *out = {};
  auto stream = std::make_unique<Stream>();
  stream->columns.resize(cursor.column_count());
  for (std::uint32_t i = 0; i < cursor.column_count(); ++i) stream->columns[i].info = cursor.column(i);
  Status status;
  for (status = cursor.next(); status.ok(); status = cursor.next()) {
    for (std::uint32_t i = 0; i < cursor.column_count(); ++i) stream->columns[i].add(cursor.cell(i));
    ++stream->rows;
  }
  if (status.is_error()) return status;
  out->get_schema = get_schema;
  out->get_next = get_next;
  out->get_last_error = get_last_error;
  out->release = release_stream;
  out->private_data = stream.release();
  return Status::success();
}

}  // namespace ipm::query

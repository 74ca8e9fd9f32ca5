#include "batch.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include <pybind11/stl.h>

#include "raise.h"

namespace py = pybind11;

namespace ipm_py {
namespace {

bool bit(const void* bits, std::int64_t index) {
  return ((static_cast<const std::uint8_t*>(bits)[index / 8] >> (index % 8)) & 1) != 0;
}

py::array_t<bool> unpacked(const void* bits, std::int64_t rows) {
  py::array_t<bool> out(rows);
  bool* to = out.mutable_data();
  for (std::int64_t row = 0; row < rows; ++row) to[row] = bit(bits, row);
  return out;
}

// What lies in `buffer`, without a copy, read-only; `base` lives as long as the array does.
py::array view(const char* type, std::int64_t count, const void* buffer, const py::object& base) {
  py::array out(py::dtype(type), {count}, {}, buffer, base);
  out.attr("setflags")(py::arg("write") = false);
  return out;
}

py::str text_at(const ArrowArray& texts, std::int64_t row) {
  const auto* offsets = static_cast<const std::int32_t*>(texts.buffers[1]);
  const auto* bytes = static_cast<const char*>(texts.buffers[2]);
  return {bytes + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
}

py::list texts_of(const ArrowArray& column) {
  const void* valid = column.null_count == 0 ? nullptr : column.buffers[0];
  py::list out(column.length);
  for (std::int64_t row = 0; row < column.length; ++row) {
    if (valid == nullptr || bit(valid, row)) {
      out[static_cast<std::size_t>(row)] = text_at(column, row);
    } else {
      out[static_cast<std::size_t>(row)] = py::none();
    }
  }
  return out;
}

// The number of bytes of every key and value stands before it, native-endian.
py::dict metadata_of(const ArrowSchema& column) {
  py::dict out;
  const char* at = column.metadata;
  if (at == nullptr) return out;
  const auto number = [&] {
    std::int32_t value = 0;
    std::memcpy(&value, at, sizeof value);
    at += sizeof value;
    return value;
  };
  const auto text = [&] {
    const auto bytes = static_cast<std::size_t>(number());
    py::str value(at, bytes);
    at += bytes;
    return value;
  };
  for (std::int32_t left = number(); left > 0; --left) {
    const py::str key = text();
    out[key] = text();
  }
  return out;
}

// ---- what others get: the same buffers under structs of their own, which keep the holder ----

struct SchemaNode {
  std::shared_ptr<const Schema> keep;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> pointers;
  ArrowSchema dictionary{};
};

struct ArrayNode {
  std::shared_ptr<const Batch> keep;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
  ArrowArray dictionary{};
};

// Releases what its consumer has not moved out, which would have left release null.
template <typename Node, typename T>
void release_node(T* part) {
  auto* node = static_cast<Node*>(part->private_data);
  for (T& child : node->children) {
    if (child.release != nullptr) child.release(&child);
  }
  if (node->dictionary.release != nullptr) node->dictionary.release(&node->dictionary);
  delete node;
  part->release = nullptr;
}

template <typename Node, typename T, typename Keep>
T shared_part(const T& from, const Keep& keep) {
  auto node = std::make_unique<Node>();
  node->keep = keep;
  node->children.resize(static_cast<std::size_t>(from.n_children));
  for (std::size_t i = 0; i < node->children.size(); ++i) {
    node->children[i] = shared_part<Node, T>(*from.children[i], keep);
    node->pointers.push_back(&node->children[i]);
  }
  T out = from;
  if (from.dictionary != nullptr) {
    node->dictionary = shared_part<Node, T>(*from.dictionary, keep);
    out.dictionary = &node->dictionary;
  }
  out.children = node->pointers.empty() ? nullptr : node->pointers.data();
  out.private_data = node.release();
  out.release = release_node<Node, T>;
  return out;
}

struct SharedStream {
  std::shared_ptr<const Schema> schema;
  std::vector<std::shared_ptr<const Batch>> batches;
  std::size_t next = 0;
};

template <typename Body>
int answer(ArrowArrayStream* stream, Body body) noexcept {
  try {
    body(*static_cast<SharedStream*>(stream->private_data));
    return 0;
  } catch (...) {
    return ENOMEM;  // Nothing else can go wrong: what is given out is there already.
  }
}

int stream_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  *out = {};
  return answer(stream, [&](SharedStream& state) { *out = shared_schema(state.schema); });
}

int stream_next(ArrowArrayStream* stream, ArrowArray* out) {
  *out = {};
  return answer(stream, [&](SharedStream& state) {
    if (state.next == state.batches.size()) return;
    const std::shared_ptr<const Batch>& batch = state.batches[state.next];
    *out = shared_part<ArrayNode, ArrowArray>(batch->array(), batch);
    ++state.next;
  });
}

const char* stream_error(ArrowArrayStream* /*stream*/) {
  return "out of memory";
}

void stream_release(ArrowArrayStream* stream) {
  delete static_cast<SharedStream*>(stream->private_data);
  stream->release = nullptr;
}

// A capsule as https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html wants it: whoever takes what
// is in it leaves release null, else the capsule releases it.
template <typename T>
py::capsule capsule_of(T part, const char* name) {
  static constexpr auto kDestroy = [](PyObject* capsule) {
    auto* held = static_cast<T*>(PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule)));
    if (held->release != nullptr) held->release(held);
    delete held;
  };
  auto held = std::make_unique<T>(part);
  PyObject* made = PyCapsule_New(held.get(), name, [](PyObject* capsule) { kDestroy(capsule); });
  if (made == nullptr) {
    if (held->release != nullptr) held->release(held.get());
    throw py::error_already_set();
  }
  (void)held.release();
  return py::reinterpret_steal<py::capsule>(made);
}

py::array values_of(const std::shared_ptr<Batch>& batch, std::int64_t index) {
  const ArrowArray& column = batch->column(index);
  const std::string_view type = batch->schema().type(index);
  const py::object base = py::cast(batch);
  if (type == "int64") return view("int64", column.length, column.buffers[1], base);
  if (type == "double") return view("float64", column.length, column.buffers[1], base);
  if (type == "time") return view("datetime64[ns]", column.length, column.buffers[1], base);
  if (type == "dictionary") return view("int32", column.length, column.buffers[1], base);
  if (type == "bool") return unpacked(column.buffers[1], column.length);
  throw py::value_error("a column of texts has no values: see texts() and text_buffers()");
}

py::object valid_of(const Batch& batch, std::int64_t index) {
  const ArrowArray& column = batch.column(index);
  if (column.null_count == 0 || column.buffers[0] == nullptr) return py::none();
  return unpacked(column.buffers[0], column.length);
}

void must_be_text(const Batch& batch, std::int64_t index, const char* wanted) {
  if (batch.schema().type(index) != std::string_view(wanted)) {
    throw py::value_error(std::string("column ") + batch.schema().column(index).name + " is no column of type " +
                          wanted);
  }
}

py::tuple text_buffers_of(const std::shared_ptr<Batch>& batch, std::int64_t index) {
  const ArrowArray& column = batch->column(index);
  must_be_text(*batch, index, "text");
  const auto* offsets = static_cast<const std::int32_t*>(column.buffers[1]);
  const py::object base = py::cast(batch);
  const std::int64_t bytes = column.length == 0 ? 0 : offsets[column.length];
  return py::make_tuple(view("int32", column.length == 0 ? 0 : column.length + 1, offsets, base),
                        view("uint8", bytes, column.buffers[2], base));
}

py::list fields_of(const Schema& schema) {
  py::list out;
  for (std::int64_t i = 0; i < schema.columns(); ++i) {
    const ArrowSchema& column = schema.column(i);
    const py::dict metadata = metadata_of(column);
    out.append(py::make_tuple(py::str(column.name), py::str(schema.type(i)), metadata.attr("get")("unit", ""),
                              metadata.attr("get")("layer", ""), (column.flags & ARROW_FLAG_NULLABLE) != 0));
  }
  return out;
}

}  // namespace

// ---- Schema, Batch, Stream ----

Schema::Schema(ArrowArrayStream& stream) {
  if (stream.get_schema(&stream, &schema_) != 0) throw std::runtime_error(stream.get_last_error(&stream));
}

Schema::~Schema() {
  if (schema_.release != nullptr) schema_.release(&schema_);
}

const char* Schema::type(std::int64_t index) const {
  const ArrowSchema& field = column(index);
  switch (field.format[0]) {
    case 'l':
      return "int64";
    case 'g':
      return "double";
    case 't':
      return "time";
    case 'b':
      return "bool";
    case 'u':
      return "text";
    default:
      return "dictionary";  // "i": indices into it.
  }
}

Batch::~Batch() {
  if (array_.release != nullptr) array_.release(&array_);
}

const ArrowArray& Batch::column(std::int64_t index) const {
  if (index < 0 || index >= array_.n_children) throw py::index_error("column");
  return *array_.children[index];
}

Stream::Stream(ArrowArrayStream owned) : stream_(owned) {
  try {
    schema_ = std::make_shared<Schema>(stream_);
  } catch (...) {
    stream_.release(&stream_);
    throw;
  }
}

Stream::~Stream() {
  stream_.release(&stream_);
}

std::shared_ptr<Batch> Stream::next() {
  ArrowArray array{};
  if (stream_.get_next(&stream_, &array) != 0) throw std::runtime_error(stream_.get_last_error(&stream_));
  if (array.release == nullptr) return nullptr;
  return std::make_shared<Batch>(schema_, array);
}

ArrowSchema shared_schema(const std::shared_ptr<const Schema>& schema) {
  return shared_part<SchemaNode, ArrowSchema>(schema->root(), schema);
}

ArrowArrayStream shared_stream(std::shared_ptr<const Schema> schema,
                               std::vector<std::shared_ptr<const Batch>> batches) {
  auto state = std::make_unique<SharedStream>();
  state->schema = std::move(schema);
  state->batches = std::move(batches);
  return {.get_schema = stream_schema,
          .get_next = stream_next,
          .get_last_error = stream_error,
          .release = stream_release,
          .private_data = state.release()};
}

void bind_batches(py::module_& module) {
  py::class_<Schema, std::shared_ptr<Schema>>(module, "Schema")
      .def("fields", &fields_of)
      .def("capsule",
           [](const std::shared_ptr<Schema>& self) { return capsule_of(shared_schema(self), "arrow_schema"); });

  py::class_<Batch, std::shared_ptr<Batch>>(module, "Batch")
      .def("__len__", &Batch::rows)
      .def("values", &values_of, py::arg("column"))
      .def("valid", &valid_of, py::arg("column"))
      .def(
          "texts",
          [](const Batch& self, std::int64_t column) {
            const ArrowArray& texts = self.column(column);
            must_be_text(self, column, "text");
            return texts_of(texts);
          },
          py::arg("column"))
      .def("text_buffers", &text_buffers_of, py::arg("column"))
      .def(
          "dictionary",
          [](const Batch& self, std::int64_t column) {
            const ArrowArray& codes = self.column(column);
            must_be_text(self, column, "dictionary");
            return texts_of(*codes.dictionary);
          },
          py::arg("column"));

  py::class_<Stream, std::shared_ptr<Stream>>(module, "Stream")
      .def_property_readonly("schema",
                             [](const Stream& self) { return std::const_pointer_cast<Schema>(self.schema()); })
      .def("next", &Stream::next);

  module.def(
      "stream_capsule",
      [](std::shared_ptr<Schema> schema, const std::vector<std::shared_ptr<Batch>>& batches) {
        return capsule_of(shared_stream(std::move(schema), {batches.begin(), batches.end()}), "arrow_array_stream");
      },
      py::arg("schema"), py::arg("batches"));
}

}  // namespace ipm_py

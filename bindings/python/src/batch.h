// Record batches of a table, as the Arrow C stream gave them: NumPy sees their buffers, and any Arrow consumer gets
// them again, as often as it asks.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ipm/ipm.h>

namespace ipm_py {

// The columns of a stream.
class Schema {
 public:
  explicit Schema(ArrowArrayStream& stream);
  ~Schema();
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  std::int64_t columns() const { return schema_.n_children; }
  const ArrowSchema& column(std::int64_t index) const { return *schema_.children[index]; }
  const ArrowSchema& root() const { return schema_; }
  // "int64", "double", "time", "bool", "text" or "dictionary".
  const char* type(std::int64_t index) const;

 private:
  ArrowSchema schema_{};
};

// One batch. Its arrays keep it alive.
class Batch {
 public:
  Batch(std::shared_ptr<const Schema> schema, ArrowArray owned) : schema_(std::move(schema)), array_(owned) {}
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  std::int64_t rows() const { return array_.length; }
  const Schema& schema() const { return *schema_; }
  const ArrowArray& array() const { return array_; }
  const ArrowArray& column(std::int64_t index) const;

 private:
  std::shared_ptr<const Schema> schema_;
  ArrowArray array_;
};

// The rows of a table that were not taken yet.
class Stream {
 public:
  explicit Stream(ArrowArrayStream owned);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  const std::shared_ptr<const Schema>& schema() const { return schema_; }
  // Null behind the last.
  std::shared_ptr<Batch> next();

 private:
  ArrowArrayStream stream_;
  std::shared_ptr<const Schema> schema_;
};

// A stream over batches that stay with their holder. Its release, and that of each array and schema, lets go of them.
ArrowArrayStream shared_stream(std::shared_ptr<const Schema> schema, std::vector<std::shared_ptr<const Batch>> batches);
ArrowSchema shared_schema(const std::shared_ptr<const Schema>& schema);

void bind_batches(pybind11::module_& module);

}  // namespace ipm_py

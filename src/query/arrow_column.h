// One column of one Arrow batch while it grows, in the buffers that its consumer will read.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "query/table.h"

namespace ipm::query {

// Arrow asks for buffers that begin at 64 bytes and may be read up to the next multiple of 64.
template <typename T>
struct ArrowAllocator {
  using value_type = T;
  static constexpr std::size_t kAlignment = 64;
  ArrowAllocator() = default;
  template <typename U>
  ArrowAllocator(const ArrowAllocator<U>&) {}  // NOLINT: implicit, as allocators convert.
  T* allocate(std::size_t count) {
    const std::size_t bytes = (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    return static_cast<T*>(::operator new (bytes, std::align_val_t{kAlignment}));
  }
  void deallocate(T* memory, std::size_t) { ::operator delete (memory, std::align_val_t{kAlignment}); }
  template <typename U>
  bool operator==(const ArrowAllocator<U>&) const {
    return true;
  }
};
template <typename T>
using ArrowBuffer = std::vector<T, ArrowAllocator<T>>;

// Texts of a utf8 array, one behind the other.
struct ArrowTexts {
  ArrowBuffer<std::int32_t> offsets{0};
  ArrowBuffer<char> bytes;

  void append(std::string_view text) {
    bytes.insert(bytes.end(), text.begin(), text.end());
    offsets.push_back(static_cast<std::int32_t>(bytes.size()));
  }
};

// The distinct texts of one column over the whole stream, numbered as they were first met.
class ArrowDictionary {
 public:
  std::int32_t index_of(std::string_view text) {
    if (const auto found = indices_.find(text); found != indices_.end()) return found->second;
    const auto index = static_cast<std::int32_t>(indices_.size());
    indices_.emplace(text, index);
    texts_.append(text);
    return index;
  }
  const ArrowTexts& texts() const { return texts_; }
  std::int64_t size() const { return static_cast<std::int64_t>(texts_.offsets.size()) - 1; }
  std::size_t bytes() const { return texts_.bytes.size(); }
  // The numbers are all given: what was needed to find them again may go.
  void seal() { indices_ = {}; }

 private:
  // Finds by view: a text that was met before makes no string.
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> indices_;
  ArrowTexts texts_;
};

struct ArrowColumn {
  std::int64_t length = 0;
  std::int64_t null_count = 0;
  ArrowBuffer<std::uint8_t> validity;  // A bit for each row; empty while no row is null.
  ArrowBuffer<std::int64_t> words;     // int64 and time; doubles as their bits.
  ArrowBuffer<std::uint8_t> bits;      // bool
  ArrowBuffer<std::int32_t> indices;   // Into the dictionary, if the column has one.
  ArrowTexts texts;                    // Text without a dictionary.

  // Appends a cell of the type that `column` declares. `dictionary` is null unless the column has one.
  void append(const Column& column, const Value& cell, ArrowDictionary* dictionary);

 private:
  void append_validity(bool valid);
};

}  // namespace ipm::query

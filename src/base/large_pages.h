// Memory for tables of megabytes that are asked for at random places: in large pages where the system gives them, since
// finding a small page takes as long as reading it. Linux gives them to who asks (transparent_hugepage = madvise) or to
// all; without them it is memory like any other.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <vector>

namespace ipm {

inline constexpr std::size_t kLargePageBytes = std::size_t{2} << 20;

template <typename T>
struct LargePages {
  using value_type = T;
  LargePages() = default;
  template <typename Other>
  explicit LargePages(const LargePages<Other>&) noexcept {}
  template <typename Other>
  bool operator==(const LargePages<Other>&) const noexcept {
    return true;
  }

  static std::size_t bytes_of(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    return bytes < kLargePageBytes ? bytes : (bytes + kLargePageBytes - 1) / kLargePageBytes * kLargePageBytes;
  }
  T* allocate(std::size_t count) {
    const std::size_t bytes = bytes_of(count);
    if (bytes < kLargePageBytes) return static_cast<T*>(::operator new(bytes));
    void* const memory = std::aligned_alloc(kLargePageBytes, bytes);
    if (memory == nullptr) throw std::bad_alloc();
    (void)::madvise(memory, bytes, MADV_HUGEPAGE);
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) noexcept {
    if (bytes_of(count) < kLargePageBytes) {
      ::operator delete(memory);
    } else {
      std::free(memory);
    }
  }
};

template <typename T>
using LargeVector = std::vector<T, LargePages<T>>;

// What a table takes.
template <typename T>
std::size_t bytes_of(const LargeVector<T>& table) {
  return LargePages<T>::bytes_of(table.capacity());
}

}  // namespace ipm

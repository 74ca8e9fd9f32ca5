// Counts allocations at operator new. Include it in one file of a program, a *_allocation_test.cpp, and count while no
// other thread runs.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace ipm::test {

inline std::size_t g_allocations = 0;

}  // namespace ipm::test

void* operator new(std::size_t bytes) {
  ++ipm::test::g_allocations;
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  ++ipm::test::g_allocations;
  const auto unit = static_cast<std::size_t>(alignment);
  if (void* memory = std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit)) return memory;
  throw std::bad_alloc();
}
// The library's own would not fit to the delete below.
void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  ++ipm::test::g_allocations;
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

// Seeded XXH3 over the bytes of a key. The seed is random per monitor, because remote peers choose the keys.
#pragma once

#include <cstddef>
#include <cstdint>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ipm {

inline std::uint64_t hash_bytes(const void* data, std::size_t bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(data, bytes, seed);
}
inline std::uint64_t hash_u64(std::uint64_t value, std::uint64_t seed) {
  return hash_bytes(&value, sizeof value, seed);
}

}  // namespace ipm

// A set of baselines as bytes: a header, then one record per baseline, in the order of the keys. Little-endian. Each
// part has its own checksum, so that an error names its place.
//
//   header   FileHeader
//   record   RecordHeader, the key text, the state
#pragma once

#include <cstddef>
#include <cstdint>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "baseline/baseline.h"

namespace ipm::baseline::file_format {

// A text-mode copy spoils \r\n, and \x1a ends `type` on Windows.
inline constexpr char kMagic[8] = {'I', 'P', 'M', 'B', 'S', '\r', '\n', '\x1a'};
// Raised whenever the meaning of the state's bytes changes. An older state is not converted: a baseline learns again.
inline constexpr std::uint32_t kVersion = 1;

struct FileHeader {
  char magic[8] = {};
  std::uint32_t version = kVersion;
  std::uint32_t state_bytes = sizeof(Baseline);
  std::uint32_t records = 0;
  std::uint32_t interval_s = 0;  // Between two samples; 0: not said.
  std::uint64_t checksum = 0;    // XXH3-64 of the bytes before it.
};
static_assert(sizeof(FileHeader) == 32);

struct RecordHeader {
  static constexpr std::uint16_t kUnconfirmed = 1;  // The app has inherited it, and it is not sure that rightly.
  std::uint16_t app_bytes = 0;
  std::uint16_t flags = 0;
  std::uint32_t metric = 0;
  std::uint64_t checksum =
      0;  // XXH3-64 of the two numbers, the key text and the state, seeded with the record's index.
};
static_assert(sizeof(RecordHeader) == 16);

inline std::uint64_t checksum_of(const FileHeader& header) {
  return XXH3_64bits(&header, offsetof(FileHeader, checksum));
}

// `body`: the key text and the state.
inline std::uint64_t checksum_of(const RecordHeader& header, const void* body, std::size_t bytes, std::uint64_t index) {
  const std::uint64_t seed = XXH3_64bits_withSeed(&header, offsetof(RecordHeader, checksum), index);
  return XXH3_64bits_withSeed(body, bytes, seed);
}

}  // namespace ipm::baseline::file_format

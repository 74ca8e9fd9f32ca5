// The event log on disk: a file header, then frames of whole events, each with its own checksums, so that a torn tail costs
// only the last frame and a damaged frame only itself. Little-endian.
#pragma once

#include <cstdint>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "model/event.h"

namespace ipm::source::log_format {

inline constexpr char kFileMagic[8] = {'I', 'P', 'M', 'L', 'O', 'G', '\r', '\n'};
inline constexpr std::uint32_t kFrameMagic = 0x4d52'4649;  // "IFRM"
inline constexpr std::uint16_t kVersion = 1;
inline constexpr std::uint32_t kFrameEventsMax = 4096;
inline constexpr std::uint32_t kStoredBytesMax = kFrameEventsMax * sizeof(model::Event) + 4096;  // zstd may grow a little.

enum FrameFlag : std::uint32_t {
  kFrameZstd = 1,
  kFrameRepeat = 2,  // Repeats texts, anchor, settings and source names at the head of a segment: skipped when read from the start.
};

struct FileHeader {
  char magic[8] = {};
  std::uint16_t version = kVersion;
  std::uint16_t readable_by = kVersion;  // The least version that can read it.
  std::uint32_t event_bytes = sizeof(model::Event);
  std::int64_t created_unix_ns = 0;
  std::uint8_t reserved[32] = {};
  std::uint64_t checksum = 0;  // XXH3-64 of the bytes before it.
};
static_assert(sizeof(FileHeader) == 64);

struct FrameHeader {
  std::uint32_t magic = kFrameMagic;
  std::uint32_t stored_bytes = 0;
  std::uint32_t events = 0;
  std::uint32_t flags = 0;
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
  std::uint64_t body_checksum = 0;    // XXH3-64 of the stored bytes.
  std::uint64_t header_checksum = 0;  // XXH3-64 of the bytes before it.
};
static_assert(sizeof(FrameHeader) == 48);

template <typename Header>
std::uint64_t header_checksum(const Header& header) {
  return XXH3_64bits(&header, sizeof header - sizeof(std::uint64_t));
}

}  // namespace ipm::source::log_format

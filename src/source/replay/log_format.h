// The event log on disk: a file header, then frames of whole events, each with its own checksums, so that a torn tail
// costs only the last frame and a damaged frame only itself. Little-endian.
//
// Frame checksums are seeded with the file header's. Texts in events are hostile (names of programs), and without the
// seed one could hold the bytes of a valid frame, to be found when a reader looks for the next frame after a damage.
#pragma once

#include <cstdint>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "model/event.h"

namespace ipm::source::log_format {

// A text-mode copy spoils \r\n, and \x1a ends `type` on Windows: both show as a wrong magic (PNG does the same).
inline constexpr char kFileMagic[9] = {'I', 'P', 'M', 'L', 'O', 'G', '\r', '\n', '\x1a'};
inline constexpr std::uint32_t kFrameMagic = 0x4d52'4649;  // "IFRM"
inline constexpr std::uint16_t kVersion = 1;
inline constexpr std::uint32_t kHeaderBytesMax = 65'536;
inline constexpr std::uint32_t kFrameEventsMax = 4096;
// A frame is stored raw when zstd would not make it smaller.
inline constexpr std::uint32_t kStoredBytesMax = kFrameEventsMax * sizeof(model::Event);

enum FrameFlag : std::uint32_t {
  kFrameZstd = 1,
  kFrameSegment = 2,  // The first frame of a segment: a reader may begin here.
  // Repeats settings, anchor, source names and live texts at the head of a segment. Who reads from the start of the
  // file has them already.
  kFrameRepeat = 4,
};

struct FileHeader {
  char magic[9] = {};
  std::uint8_t reserved0[3] = {};
  std::uint16_t version = kVersion;
  std::uint16_t readable_by = kVersion;  // The least version of a reader that understands the frames.
  std::uint32_t header_bytes = 64;       // Where the first frame begins; a later version may say more after these 64.
  std::uint32_t event_bytes = sizeof(model::Event);
  std::int64_t created_unix_ns = 0;
  std::uint32_t flags = 0;
  std::uint8_t reserved1[20] = {};
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
  std::uint64_t body_checksum = 0;    // XXH3-64 of the stored bytes, seeded.
  std::uint64_t header_checksum = 0;  // XXH3-64 of the bytes before it, seeded.
};
static_assert(sizeof(FrameHeader) == 48);

inline std::uint64_t checksum_of(const void* data, std::size_t bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(data, bytes, seed);
}
inline std::uint64_t checksum_of(const FileHeader& header) {
  return XXH3_64bits(&header, sizeof header - sizeof header.checksum);
}
inline std::uint64_t checksum_of(const FrameHeader& header, std::uint64_t seed) {
  return checksum_of(&header, sizeof header - sizeof header.header_checksum, seed);
}

}  // namespace ipm::source::log_format

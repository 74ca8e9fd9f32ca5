// Clues as bytes: a header, the keys of apps in order, then one record per clue in the order of kind and key.
// Little-endian.
//
//   header   FileHeader
//   app      u16 bytes, the key text
//   clue     ClueRecord, then for each of its apps AppRecord, in the order of their numbers
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/hash.h"

namespace ipm::core::file_format {

// A text-mode copy spoils \r\n, and \x1a ends `type` on Windows.
inline constexpr char kMagic[8] = {'I', 'P', 'M', 'C', 'L', '\r', '\n', '\x1a'};
// Raised whenever the meaning of a clue's key changes: what is in an older file is then learned again.
inline constexpr std::uint32_t kVersion = 1;

struct FileHeader {
  char magic[8] = {};
  std::uint32_t version = kVersion;
  std::uint32_t apps = 0;
  std::uint32_t clues = 0;
  std::uint32_t reserved = 0;
  std::uint64_t checksum = 0;  // XXH3-64 of the bytes before it, then of all that follows, seeded with the first.
};
static_assert(sizeof(FileHeader) == 32);

struct ClueRecord {
  std::uint64_t key = 0;
  std::uint32_t other_flows = 0;
  std::uint16_t other_apps = 0;
  std::uint8_t kind = 0;  // ClueKind.
  std::uint8_t apps = 0;  // At most ClueRow::kApps; with other_flows at least one of something.
};
static_assert(sizeof(ClueRecord) == 16);

struct AppRecord {
  std::uint32_t app = 0;  // Its place among the keys, from 0.
  std::uint32_t flows = 0;
};

inline std::uint64_t checksum_of(const FileHeader& header, std::string_view rest) {
  return hash_bytes(rest.data(), rest.size(), hash_bytes(&header, offsetof(FileHeader, checksum), 0));
}

}  // namespace ipm::core::file_format

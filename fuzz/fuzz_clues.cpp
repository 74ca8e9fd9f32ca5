// The file of clues takes any bytes: it is read whole or refused with a status. What was read writes the same bytes,
// and an engine takes its events. A second pass mends the checksum, so that the fuzzer gets past it.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "core/clue_file.h"
#include "core/engine.h"
#include "monitor/clue_files.h"
#include "store/recent_series.h"

namespace {

namespace file_format = ipm::core::file_format;
using ipm::core::ClueSet;

void feed(const ClueSet& set) {
  const ipm::core::Bounds bounds =
      ipm::core::share_memory({.memory_max_bytes = ipm::core::kMemoryMinBytes, .clues_max = 64});
  ipm::PageStore store(bounds.copies_max_bytes);
  ipm::store::RecentSeries series(store, 64, 64, 64);
  ipm::core::Engine engine(bounds, store, series);
  engine.feed(ipm::monitor::clue_events(set, 1));
  if (engine.counters().malformed != 0 || engine.clues().used() > 64) std::abort();
  const std::string bytes = ClueSet(engine.clues(), engine.texts()).encode();
  if (!ClueSet::decode(bytes).ok()) std::abort();
}

void read(const std::string& bytes) {
  const ipm::Result<ClueSet> set = ClueSet::decode(bytes);
  if (!set.ok()) {
    if (set.status().message().find("byte ") == std::string_view::npos) std::abort();
    return;
  }
  if (set->encode() != bytes) std::abort();
  feed(*set);
}

void mend(std::string& bytes) {
  file_format::FileHeader header;
  if (bytes.size() < sizeof header) return;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::memcpy(header.magic, file_format::kMagic, sizeof header.magic);
  header.version = file_format::kVersion;
  header.reserved = 0;
  header.checksum = file_format::checksum_of(header, std::string_view(bytes).substr(sizeof header));
  std::memcpy(bytes.data(), &header, sizeof header);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  mend(bytes);
  read(bytes);
  return 0;
}

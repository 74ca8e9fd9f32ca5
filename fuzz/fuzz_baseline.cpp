// The baseline file takes any bytes: it is read whole or refused with a status. What was read writes the same bytes,
// and its baselines work on. A second pass mends the checksums, so that the fuzzer gets past them.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "baseline/baseline_file.h"
#include "baseline/baseline_set.h"

namespace {

namespace file_format = ipm::baseline::file_format;
using file_format::FileHeader;
using file_format::RecordHeader;
using ipm::baseline::Baseline;
using ipm::baseline::BaselineSet;
using ipm::baseline::Score;

void use(Baseline baseline) {
  for (const double value : {1.0, -1e300, 0.0, 5e-324, 3.0}) {
    for (const bool log_scale : {false, true}) {
      const Score score = baseline.update({.log_scale = log_scale}, 0, value);
      if (!(score.score >= 0 && score.score <= 1)) std::abort();
    }
  }
  baseline.accept();
}

void read(const std::string& bytes) {
  const ipm::Result<BaselineSet> set = BaselineSet::decode(bytes);
  if (!set.ok()) {
    if (set.status().message().find("byte ") == std::string_view::npos) std::abort();
    return;
  }
  if (set->encode() != bytes) std::abort();
  BaselineSet twice = *set;
  if (!twice.merge(*set).ok()) std::abort();
  for (const auto& [key, baseline] : twice.all()) {
    if (!baseline.well_formed()) std::abort();
    use(baseline);
  }
  for (const auto& [key, baseline] : set->all()) use(baseline);
}

void mend(std::string& bytes) {
  if (bytes.size() < sizeof(FileHeader)) return;
  FileHeader file;
  std::memcpy(&file, bytes.data(), sizeof file);
  std::memcpy(file.magic, file_format::kMagic, sizeof file.magic);
  file.version = file_format::kVersion;
  file.state_bytes = sizeof(Baseline);
  std::size_t at = sizeof file;
  std::uint32_t index = 0;
  for (; bytes.size() - at >= sizeof(RecordHeader) + sizeof(Baseline); ++index) {
    RecordHeader record;
    std::memcpy(&record, bytes.data() + at, sizeof record);
    const std::size_t room = bytes.size() - at - sizeof record - sizeof(Baseline);
    record.app_bytes = static_cast<std::uint16_t>(std::min<std::size_t>(record.app_bytes % 64, room));
    record.flags &= RecordHeader::kUnconfirmed;
    const std::size_t body = record.app_bytes + sizeof(Baseline);
    record.checksum = file_format::checksum_of(record, bytes.data() + at + sizeof record, body, index);
    std::memcpy(bytes.data() + at, &record, sizeof record);
    at += sizeof record + body;
  }
  bytes.resize(at);
  file.records = index;
  file.checksum = file_format::checksum_of(file);
  std::memcpy(bytes.data(), &file, sizeof file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  mend(bytes);
  read(bytes);
  return 0;
}

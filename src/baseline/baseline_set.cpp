#include "baseline/baseline_set.h"

#include <bit>
#include <cstring>
#include <utility>

#include "baseline/baseline_file.h"

namespace ipm::baseline {

static_assert(std::endian::native == std::endian::little, "the file is little-endian");

namespace {

using file_format::FileHeader;
using file_format::RecordHeader;

Status corrupt_at(std::size_t offset, const std::string& what) {
  return Status::corrupt("baseline file, byte " + std::to_string(offset) + ": " + what);
}

Result<FileHeader> read_header(std::string_view bytes) {
  FileHeader header;
  if (bytes.size() < sizeof header) return corrupt_at(bytes.size(), "ends within the header");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, file_format::kMagic, sizeof header.magic) != 0) {
    return corrupt_at(0, "this is no baseline file");
  }
  if (header.checksum != file_format::checksum_of(header)) return corrupt_at(0, "the header is damaged");
  if (header.version != file_format::kVersion || header.state_bytes != sizeof(Baseline)) {
    return Status::unsupported("baseline file, byte 8: version " + std::to_string(header.version) + " with " +
                               std::to_string(header.state_bytes) + " bytes a baseline; this build reads version " +
                               std::to_string(file_format::kVersion) + " with " + std::to_string(sizeof(Baseline)));
  }
  if (header.records > BaselineSet::kBaselinesMax) return corrupt_at(16, "more records than a set may have");
  return header;
}

}  // namespace

Status BaselineSet::put(std::string_view app, std::uint32_t metric, const Baseline& baseline) {
  if (app.size() > kAppBytesMax) {
    return Status::limit("baseline of an app: its key has more than " + std::to_string(kAppBytesMax) + " bytes");
  }
  SetKey key{std::string(app), metric};
  const auto found = baselines_.find(key);
  if (found != baselines_.end()) {
    found->second = baseline;
    return Status::success();
  }
  if (baselines_.size() >= kBaselinesMax) {
    return Status::limit("a set has at most " + std::to_string(kBaselinesMax) + " baselines");
  }
  baselines_.emplace(std::move(key), baseline);
  return Status::success();
}

const Baseline* BaselineSet::find(std::string_view app, std::uint32_t metric) const {
  const auto found = baselines_.find(SetKey{std::string(app), metric});
  return found == baselines_.end() ? nullptr : &found->second;
}

Status BaselineSet::merge(const BaselineSet& other) {
  for (const auto& [key, baseline] : other.baselines_) {
    Baseline merged;
    if (const Baseline* mine = find(key.app, key.metric)) merged = *mine;
    merged.merge(baseline);
    if (Status status = put(key.app, key.metric, merged); !status.ok()) return status;
  }
  return Status::success();
}

std::string BaselineSet::encode() const {
  std::string out;
  FileHeader header;
  std::memcpy(header.magic, file_format::kMagic, sizeof header.magic);
  header.records = baselines_.size();
  header.checksum = file_format::checksum_of(header);
  out.append(reinterpret_cast<const char*>(&header), sizeof header);
  std::uint64_t index = 0;
  for (const auto& [key, baseline] : baselines_) {
    std::string body = key.app;
    body.append(reinterpret_cast<const char*>(&baseline), sizeof baseline);
    RecordHeader record{.app_bytes = static_cast<std::uint32_t>(key.app.size()), .metric = key.metric};
    record.checksum = file_format::checksum_of(record, body.data(), body.size(), index++);
    out.append(reinterpret_cast<const char*>(&record), sizeof record);
    out += body;
  }
  return out;
}

Result<BaselineSet> BaselineSet::decode(std::string_view bytes) {
  const Result<FileHeader> header = read_header(bytes);
  if (!header.ok()) return header.status();
  BaselineSet set;
  std::size_t at = sizeof(FileHeader);
  for (std::uint64_t index = 0; index < header->records; ++index) {
    RecordHeader record;
    if (bytes.size() - at < sizeof record) return corrupt_at(at, "ends within a record");
    std::memcpy(&record, bytes.data() + at, sizeof record);
    if (record.app_bytes > kAppBytesMax) return corrupt_at(at, "a key longer than any can be");
    const std::size_t body_bytes = record.app_bytes + sizeof(Baseline);
    if (bytes.size() - at - sizeof record < body_bytes) return corrupt_at(at, "ends within a record");
    const char* body = bytes.data() + at + sizeof record;
    if (record.checksum != file_format::checksum_of(record, body, body_bytes, index)) {
      return corrupt_at(at, "the record is damaged");
    }
    Baseline baseline;
    std::memcpy(static_cast<void*>(&baseline), body + record.app_bytes, sizeof baseline);
    if (!baseline.well_formed())
      return corrupt_at(at + sizeof record + record.app_bytes, "no baseline looks like this");
    SetKey key{std::string(body, record.app_bytes), record.metric};
    if (!set.baselines_.empty() && !(set.baselines_.rbegin()->first < key)) {
      return corrupt_at(at, "keys are not in order");
    }
    set.baselines_.emplace_hint(set.baselines_.end(), std::move(key), baseline);
    at += sizeof record + body_bytes;
  }
  if (at != bytes.size()) return corrupt_at(at, "bytes behind the last record");
  return set;
}

}  // namespace ipm::baseline

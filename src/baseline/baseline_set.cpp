#include "baseline/baseline_set.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

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

bool BaselineSet::has(std::string_view app) const {
  const auto first = baselines_.lower_bound(SetKey{std::string(app), 0});
  return first != baselines_.end() && first->first.app == app;
}

void BaselineSet::set_unconfirmed(std::string_view app, bool unconfirmed) {
  if (unconfirmed) {
    unconfirmed_.emplace(app);
  } else if (const auto found = unconfirmed_.find(app); found != unconfirmed_.end()) {
    unconfirmed_.erase(found);
  }
}

Status BaselineSet::merge(const BaselineSet& other) {
  if (interval_s_ == 0) interval_s_ = other.interval_s_;
  for (const std::string& app : other.unconfirmed_) {
    if (!has(app)) unconfirmed_.insert(app);
  }
  std::erase_if(unconfirmed_, [&](const std::string& app) { return other.has(app) && !other.unconfirmed(app); });
  for (const auto& [key, baseline] : other.baselines_) {
    Baseline merged;
    if (const Baseline* mine = find(key.app, key.metric)) merged = *mine;
    merged.merge(baseline);
    if (Status status = put(key.app, key.metric, merged); !status.ok()) return status;
  }
  return Status::success();
}

Status BaselineSet::replace(const BaselineSet& newer) {
  std::erase_if(unconfirmed_, [&](const std::string& app) { return newer.has(app); });
  unconfirmed_.insert(newer.unconfirmed_.begin(), newer.unconfirmed_.end());
  for (const auto& [key, baseline] : newer.baselines_) {
    if (Status status = put(key.app, key.metric, baseline); !status.ok()) return status;
  }
  return Status::success();
}

void BaselineSet::keep_newest(std::size_t most) {
  if (baselines_.size() <= most) return;
  std::vector<std::pair<std::int64_t, const SetKey*>> by_age;
  for (const auto& [key, baseline] : baselines_) by_age.emplace_back(baseline.last_s(), &key);
  const auto newest = by_age.end() - static_cast<std::ptrdiff_t>(most);
  std::nth_element(by_age.begin(), newest, by_age.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : *b.second < *a.second;
  });
  std::vector<SetKey> oldest;
  for (auto each = by_age.begin(); each != newest; ++each) oldest.push_back(*each->second);
  for (const SetKey& key : oldest) baselines_.erase(key);
  std::erase_if(unconfirmed_, [&](const std::string& app) { return !has(app); });
}

std::string BaselineSet::encode() const {
  std::string out;
  FileHeader header;
  std::memcpy(header.magic, file_format::kMagic, sizeof header.magic);
  header.records = static_cast<std::uint32_t>(baselines_.size());
  header.interval_s = interval_s_;
  header.checksum = file_format::checksum_of(header);
  out.append(reinterpret_cast<const char*>(&header), sizeof header);
  std::uint64_t index = 0;
  for (const auto& [key, baseline] : baselines_) {
    std::string body = key.app;
    body.append(reinterpret_cast<const char*>(&baseline), sizeof baseline);
    RecordHeader record;
    record.app_bytes = static_cast<std::uint16_t>(key.app.size());
    record.metric = key.metric;
    if (unconfirmed(key.app)) record.flags = RecordHeader::kUnconfirmed;
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
  set.interval_s_ = header->interval_s;
  std::size_t at = sizeof(FileHeader);
  for (std::uint64_t index = 0; index < header->records; ++index) {
    RecordHeader record;
    if (bytes.size() - at < sizeof record) return corrupt_at(at, "ends within a record");
    std::memcpy(&record, bytes.data() + at, sizeof record);
    if (record.app_bytes > kAppBytesMax) return corrupt_at(at, "a key longer than any can be");
    if ((record.flags & ~RecordHeader::kUnconfirmed) != 0) return corrupt_at(at, "flags that nobody has given");
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
    if ((record.flags & RecordHeader::kUnconfirmed) != 0) set.unconfirmed_.insert(key.app);
    set.baselines_.emplace_hint(set.baselines_.end(), std::move(key), baseline);
    at += sizeof record + body_bytes;
  }
  if (at != bytes.size()) return corrupt_at(at, "bytes behind the last record");
  return set;
}

}  // namespace ipm::baseline

#include "core/clue_set.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "core/clue_file.h"

namespace ipm::core {

static_assert(std::endian::native == std::endian::little, "the file is little-endian");

namespace {

using file_format::AppRecord;
using file_format::ClueRecord;
using file_format::FileHeader;

Status corrupt_at(std::size_t offset, const std::string& what) {
  return Status::corrupt("clue file, byte " + std::to_string(offset) + ": " + what);
}

template <typename T>
void append(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Reads on from `at`; false at the end.
template <typename T>
bool take(std::string_view bytes, std::size_t& at, T& out) {
  if (bytes.size() - at < sizeof out) return false;
  std::memcpy(&out, bytes.data() + at, sizeof out);
  at += sizeof out;
  return true;
}

Result<FileHeader> read_header(std::string_view bytes) {
  FileHeader header;
  std::size_t at = 0;
  if (!take(bytes, at, header)) return corrupt_at(bytes.size(), "ends within the header");
  if (std::memcmp(header.magic, file_format::kMagic, sizeof header.magic) != 0) {
    return corrupt_at(0, "this is no file of clues");
  }
  if (header.version != file_format::kVersion) {
    return Status::unsupported("clue file, byte 8: version " + std::to_string(header.version) +
                               "; this build reads version " + std::to_string(file_format::kVersion));
  }
  if (header.checksum != file_format::checksum_of(header, bytes.substr(at))) return corrupt_at(0, "it is damaged");
  if (header.reserved != 0) return corrupt_at(20, "not zero");
  if (header.clues > ClueSet::kCluesMax) return corrupt_at(16, "more clues than a file may have");
  return header;
}

Status read_app(std::string_view bytes, std::size_t& at, std::vector<std::string>& apps) {
  const std::size_t begin = at;
  std::uint16_t size = 0;
  if (!take(bytes, at, size) || bytes.size() - at < size) return corrupt_at(begin, "ends within the key of an app");
  if (size == 0 || size > ClueSet::kAppBytesMax) return corrupt_at(begin, "no key of an app is as long as this");
  std::string app(bytes.substr(at, size));
  at += size;
  if (!apps.empty() && app <= apps.back()) return corrupt_at(begin, "keys of apps are not in order");
  apps.push_back(std::move(app));
  return Status::success();
}

// `used`: of each app, whether some clue names it.
Status read_clue(std::string_view bytes, std::size_t& at, const std::vector<std::string>& apps, std::vector<bool>& used,
                 std::pair<Clue, ClueApps>& out) {
  const std::size_t begin = at;
  ClueRecord record;
  if (!take(bytes, at, record)) return corrupt_at(begin, "ends within a clue");
  if (record.kind == 0 || record.kind >= model::kClueKinds) return corrupt_at(begin, "no clue is of this kind");
  const bool of_others = record.other_flows != 0;
  if (record.apps > ClueRow::kApps || (record.apps == 0 && !of_others) || of_others != (record.other_apps != 0)) {
    return corrupt_at(begin, "its apps are too many, or none");
  }
  out = {{static_cast<model::ClueKind>(record.kind), record.key},
         {.flows = {}, .other_flows = record.other_flows, .other_apps = record.other_apps}};
  for (std::uint8_t i = 0; i < record.apps; ++i) {
    AppRecord app;
    const std::size_t here = at;
    if (!take(bytes, at, app)) return corrupt_at(here, "ends within a clue");
    if (app.app >= apps.size() || app.flows == 0) return corrupt_at(here, "there is no such app, or it has no flows");
    const std::string& key = apps[app.app];
    if (!out.second.flows.empty() && key <= out.second.flows.rbegin()->first) {
      return corrupt_at(here, "apps of a clue are not in order");
    }
    out.second.flows.emplace_hint(out.second.flows.end(), key, app.flows);
    used[app.app] = true;
  }
  return Status::success();
}

}  // namespace

std::uint64_t all_flows(const ClueApps& apps) {
  std::uint64_t sum = apps.other_flows;
  for (const auto& [app, flows] : apps.flows) sum += flows;
  return sum;
}

ClueSet::ClueSet(const ClueBook& book, const TextTable& texts) {
  for (std::uint32_t slot = 0; slot < book.rows().slots(); ++slot) {
    const ClueRow& row = book.rows().at(slot);
    if (row.kind == model::ClueKind::kNone) continue;
    ClueApps apps{.flows = {}, .other_flows = row.other_flows, .other_apps = row.other_apps};
    for (std::uint32_t i = 0; i < ClueRow::kApps; ++i) {
      if (row.apps[i] != 0) apps.flows.emplace(texts.view(row.apps[i]), row.flows[i]);
    }
    clues_.emplace(Clue{row.kind, row.key}, std::move(apps));
  }
}

void ClueSet::replace(const ClueSet& newer) {
  for (const auto& [clue, apps] : newer.clues_) clues_.insert_or_assign(clue, apps);
}

void ClueSet::keep_busiest(std::size_t most) {
  if (clues_.size() <= most) return;
  std::vector<std::pair<std::uint64_t, Clue>> by_use;
  for (const auto& [clue, apps] : clues_) by_use.emplace_back(all_flows(apps), clue);
  const auto kept = by_use.end() - static_cast<std::ptrdiff_t>(most);
  std::nth_element(by_use.begin(), kept, by_use.end());
  for (auto each = by_use.begin(); each != kept; ++each) clues_.erase(each->second);
}

std::string ClueSet::encode() const {
  std::map<std::string_view, std::uint32_t> numbers;
  for (const auto& [clue, apps] : clues_) {
    for (const auto& [app, flows] : apps.flows) numbers.emplace(app, 0);
  }
  std::string rest;
  std::uint32_t next = 0;
  for (auto& [app, number] : numbers) {
    number = next++;
    append(rest, static_cast<std::uint16_t>(app.size()));
    rest += app;
  }
  for (const auto& [clue, apps] : clues_) {
    append(rest, ClueRecord{.key = clue.key,
                            .other_flows = apps.other_flows,
                            .other_apps = apps.other_apps,
                            .kind = static_cast<std::uint8_t>(clue.kind),
                            .apps = static_cast<std::uint8_t>(apps.flows.size())});
    for (const auto& [app, flows] : apps.flows) append(rest, AppRecord{.app = numbers.at(app), .flows = flows});
  }
  FileHeader header;
  std::memcpy(header.magic, file_format::kMagic, sizeof header.magic);
  header.apps = next;
  header.clues = static_cast<std::uint32_t>(clues_.size());
  header.checksum = file_format::checksum_of(header, rest);
  std::string out;
  append(out, header);
  return out + rest;
}

Result<ClueSet> ClueSet::decode(std::string_view bytes) {
  const Result<FileHeader> header = read_header(bytes);
  if (!header.ok()) return header.status();
  std::size_t at = sizeof(FileHeader);
  std::vector<std::string> apps;
  for (std::uint32_t i = 0; i < header->apps; ++i) {
    if (Status status = read_app(bytes, at, apps); !status.ok()) return status;
  }
  std::vector<bool> used(apps.size());
  ClueSet set;
  for (std::uint32_t i = 0; i < header->clues; ++i) {
    const std::size_t begin = at;
    std::pair<Clue, ClueApps> read;
    if (Status status = read_clue(bytes, at, apps, used, read); !status.ok()) return status;
    if (!set.clues_.empty() && !(set.clues_.rbegin()->first < read.first)) {
      return corrupt_at(begin, "clues are not in order");
    }
    set.clues_.emplace_hint(set.clues_.end(), std::move(read));
  }
  if (at != bytes.size()) return corrupt_at(at, "bytes behind the last clue");
  if (std::find(used.begin(), used.end(), false) != used.end()) return corrupt_at(at, "an app that no clue has");
  return set;
}

}  // namespace ipm::core

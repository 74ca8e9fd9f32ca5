// Whose sockets these are: by the descriptors under /proc, looked at only for what is not known yet.
#include <algorithm>
#include <utility>

#include "source/host/capabilities.h"
#include "source/sock_diag/sock_diag_source.h"

namespace ipm::source::sock_diag {
namespace {

constexpr std::uint64_t kRoomMin = 1'024;
// A socket without a holder is looked for in this many ticks, then in every 16th.
constexpr std::uint8_t kEagerLooks = 3;

}  // namespace

void SockDiagSource::begin_owners(TimeNs now) {
  processes_->begin_look();
  may_read_others_ = whole_host_ && host::has_capability(host::kCapSysPtrace);  // It may have been dropped since.
  std::vector<std::uint64_t> inodes;
  inodes.reserve(pending_.size() + rechecks_.size());
  const auto want = [&](std::uint64_t cookie) {
    const SocketRecord* record = sockets_.find(cookie);
    if (record != nullptr && record->inode != 0) inodes.push_back(record->inode);
  };
  for (const std::uint64_t cookie : pending_) want(cookie);
  for (const std::uint64_t cookie : rechecks_) want(cookie);
  std::vector<std::uint32_t> likely = processes_->pids();
  for (const std::uint32_t pid : fresh_pids_) {
    if (!processes_->known(pid)) likely.push_back(pid);
  }
  fresh_pids_.clear();
  walk_->begin(inodes, likely, now, std::exchange(walk_all_, false));
}

bool SockDiagSource::find_ownership(SocketRecord& record, TimeNs now, std::vector<model::ProcessKey>& owners) {
  const Ownership before = record.ownership;
  Ownership found;
  if (record.inode == 0) {
    // No file: closed by its process, not accepted yet, or the kernel's own.
    found.rule = model::Rule::kNoHolder;
    record.owner_checked = true;
  } else {
    if (!walk_->wanted(record.inode)) return false;
    // A look at some processes only that finds nobody says nothing.
    if (!walk_->complete() && walk_->holders(record.inode) == nullptr) return false;
    record.owner_checked = walk_->complete();
    if (record.owner_checked && record.owner_looks < 255) ++record.owner_looks;
    if (const Holders* holders = walk_->holders(record.inode)) {
      for (std::uint16_t i = 0; i < std::min<std::uint32_t>(holders->count, model::kOwnersMax); ++i) {
        const model::ProcessKey key = processes_->ensure(holders->pids[i], now);
        if (!key.empty()) owners.push_back(key);
      }
      std::sort(owners.begin(), owners.end());
      found.holders = holders->count;
      for (const model::ProcessKey key : owners) found.holders_hash = found.holders_hash * 31 + key.ref();
    }
    if (owners.size() == 1 && found.holders == 1) {
      found.owner = owners[0];
      // Among those looked at it is the only one; that no other holds it takes a look at all, and the right to look.
      const bool all = walk_->complete() && may_read_others_;
      found.quality = all ? model::Quality::kExact : model::Quality::kInferred;
      found.rule = model::Rule::kOnlyHolder;
    } else if (found.holders > 1) {
      found.quality = model::Quality::kCandidate;
      found.rule = model::Rule::kSharedHolders;
    } else if (walk_->complete()) {
      found.rule = walk_->unreadable() > 0 ? model::Rule::kNoPermission : model::Rule::kNoHolder;
    }
  }
  // An orphan keeps the owner that it had; a partial look takes nothing back.
  const bool knows_less = found.quality == model::Quality::kUnknown && before.quality != model::Quality::kUnknown;
  const bool knows_as_much = found.owner == before.owner && found.quality == model::Quality::kInferred &&
                             before.quality == model::Quality::kExact;
  if (knows_less || knows_as_much || found == before) return false;
  record.ownership = found;
  return true;
}

bool SockDiagSource::step_recheck(TimeNs now) {
  std::vector<model::ProcessKey> owners;
  while (!rechecks_.empty()) {
    if (out_.room() < kRoomMin) return false;
    const std::uint64_t cookie = rechecks_.front();
    rechecks_.pop_front();
    SocketRecord* record = sockets_.find(cookie);
    if (record == nullptr || !record->announced) continue;
    owners.clear();
    if (find_ownership(*record, now, owners)) events_->owner(cookie, *record, owners.data(), owners.size(), now);
  }
  return true;
}

// For the next tick: sockets whose owner is not settled, and those whose owner forked, executed or ended.
void SockDiagSource::plan_rechecks() {
  const bool any_changed = !changed_pids_.empty();
  for (const auto& [cookie, record] : sockets_.records()) {
    if (!record.announced || !record.had_file) continue;
    const Ownership& ownership = record.ownership;
    bool again = !record.owner_checked;
    if (ownership.quality == model::Quality::kUnknown) {
      again = again || record.owner_looks < kEagerLooks || tick_ % 16 == 0;
    } else if (ownership.quality == model::Quality::kCandidate) {
      again = again || any_changed;
    } else {
      again = again || (any_changed && changed_pids_.contains(ownership.owner.pid()));
    }
    if (again) rechecks_.push_back(cookie);
  }
  changed_pids_.clear();
}

}  // namespace ipm::source::sock_diag

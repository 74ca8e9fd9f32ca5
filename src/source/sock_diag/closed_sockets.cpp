#include "source/sock_diag/closed_sockets.h"

namespace ipm::source::sock_diag {

void ClosedSockets::make_room() {
  while (by_age_.size() >= entries_max_) {
    const std::uint64_t oldest = by_age_.front();
    by_age_.pop_front();
    const auto entry = entries_.find(oldest);
    if (entry == entries_.end()) continue;
    const auto path = by_path_.find(path_hash(entry->second.tuple));
    if (path != by_path_.end() && path->second == oldest) by_path_.erase(path);
    entries_.erase(entry);
  }
}

void ClosedSockets::add(std::uint64_t cookie, const model::FlowTuple& tuple, std::optional<std::uint64_t> sent) {
  const auto [entry, is_new] = entries_.try_emplace(cookie);
  entry->second.tuple = tuple;
  entry->second.sent = sent;
  entry->second.gone.reset();
  if (is_new) {
    const auto [path, first_use] = by_path_.insert_or_assign(path_hash(tuple), cookie);
    // The tuple is in use again. An end that is remembered on the other side belongs to the connection before: had this
    // one's other end come first, it would have removed the entry that was just replaced.
    if (!first_use) by_path_.erase(path_hash(reversed(tuple)));
    by_age_.push_back(cookie);
    if (by_age_.size() > entries_max_) make_room();
  }
}

void ClosedSockets::add_gone(std::uint64_t cookie, const SocketRecord& record) {
  add(cookie, record.tuple, std::nullopt);
  if (const auto entry = entries_.find(cookie); entry != entries_.end()) {
    entry->second.gone = std::make_unique<SocketRecord>(record);
  }
}

void ClosedSockets::set_sent(std::uint64_t cookie, const model::FlowTuple& tuple, std::uint64_t sent) {
  if (const auto entry = entries_.find(cookie); entry != entries_.end()) {
    entry->second.sent = sent;  // Keeps the record of one given up as gone.
  } else {
    add(cookie, tuple, sent);
  }
}

bool ClosedSockets::gone(std::uint64_t cookie) const {
  const auto entry = entries_.find(cookie);
  return entry != entries_.end() && entry->second.gone != nullptr;
}

std::unique_ptr<SocketRecord> ClosedSockets::take_gone(std::uint64_t cookie) {
  const auto entry = entries_.find(cookie);
  return entry == entries_.end() ? nullptr : std::move(entry->second.gone);
}

std::optional<std::uint64_t> ClosedSockets::peer_sent(const model::FlowTuple& tuple) const {
  const model::FlowTuple other = reversed(tuple);
  const auto path = by_path_.find(path_hash(other));
  if (path == by_path_.end()) return std::nullopt;
  const auto entry = entries_.find(path->second);
  if (entry == entries_.end() || !same_path_any_netns(entry->second.tuple, other)) return std::nullopt;
  return entry->second.sent;
}

}  // namespace ipm::source::sock_diag

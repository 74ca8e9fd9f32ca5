#include "source/ebpf/entries.h"

#include <cstring>
#include <string_view>

namespace ipm::source::ebpf {

std::size_t Entries::Hash::operator()(const ipm_io_key& key) const noexcept {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(&key), sizeof key});
}

bool Entries::Equal::operator()(const ipm_io_key& a, const ipm_io_key& b) const noexcept {
  return std::memcmp(&a, &b, sizeof a) == 0;  // No padding.
}

Entry* Entries::find(const ipm_io_key& key) {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

Entry* Entries::ensure(const ipm_io_key& key, Entry*& of_socket) {
  if (Entry* const known = find(key)) return known;
  if (entries_.size() >= entries_max_) return nullptr;
  Entry& fresh = entries_[key];
  fresh.key = key;
  append<&Entry::next_of_socket, &Entry::before_of_socket>(of_socket, fresh);
  append<&Entry::next_of_process, &Entry::before_of_process>(processes_[key.pid], fresh);
  return &fresh;
}

Entry* Entries::of_process(std::uint32_t pid) const {
  const auto found = processes_.find(pid);
  return found == processes_.end() ? nullptr : found->second;
}

void Entries::forget(Entry& entry, Entry*& of_socket) {
  remove<&Entry::next_of_socket, &Entry::before_of_socket>(of_socket, entry);
  const auto process = processes_.find(entry.key.pid);
  remove<&Entry::next_of_process, &Entry::before_of_process>(process->second, entry);
  if (process->second == nullptr) processes_.erase(process);
  const ipm_io_key key = entry.key;
  entries_.erase(key);
}

// A list by its first entry, whose `before` is the last.
template <Entry* Entry::*next, Entry* Entry::*before>
void Entries::append(Entry*& first, Entry& entry) {
  if (first == nullptr) {
    first = &entry;
  } else {
    first->*before->*next = &entry;
    entry.*before = first->*before;
  }
  first->*before = &entry;
}

template <Entry* Entry::*next, Entry* Entry::*before>
void Entries::remove(Entry*& first, Entry& entry) {
  (first == &entry ? first : entry.*before->*next) = entry.*next;
  if (first == nullptr) return;
  (entry.*next != nullptr ? entry.*next : first)->*before = entry.*before;
}

}  // namespace ipm::source::ebpf

// What each image of each process moved over each socket, as far as it was told: one entry for each entry of the map of
// traffic that is known of. Found by its key, and listed by socket and by process.
// Bounded: `entries_max`; one more is refused.
// Threads: owned by the source's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "source/ebpf/bpf/layout.h"

namespace ipm::source::ebpf {

struct Entry {
  ipm_io_key key = {};
  std::uint64_t tx_bytes = 0, rx_bytes = 0;  // Told so far.
  bool queued = false;
  bool waited = false;                 // For the packets of what it moved.
  bool over = false;                   // Its image does not run any more.
  std::uint32_t batch = 0;             // The last that had it, see Sockets::read_at_once().
  std::uint32_t counters_void_in = 0;  // An epoch in which the counters of its socket may be another connection's.

  Entry* next_of_socket = nullptr;
  Entry* next_of_process = nullptr;

 private:
  friend class Entries;
  Entry* before_of_socket = nullptr;
  Entry* before_of_process = nullptr;
};

class Entries {
 public:
  explicit Entries(std::size_t entries_max) : entries_max_(entries_max) {}

  Entry* find(const ipm_io_key& key);
  // Null: one too many. `of_socket` is the head of its socket's list, whose entries all have one cookie.
  Entry* ensure(const ipm_io_key& key, Entry*& of_socket);
  // The first of a process; next_of_process leads on.
  Entry* of_process(std::uint32_t pid) const;
  void forget(Entry& entry, Entry*& of_socket);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Hash {
    std::size_t operator()(const ipm_io_key& key) const noexcept;
  };
  struct Equal {
    bool operator()(const ipm_io_key& a, const ipm_io_key& b) const noexcept;
  };
  template <Entry* Entry::*next, Entry* Entry::*before>
  static void append(Entry*& first, Entry& entry);
  template <Entry* Entry::*next, Entry* Entry::*before>
  static void remove(Entry*& first, Entry& entry);

  const std::size_t entries_max_;
  std::unordered_map<ipm_io_key, Entry, Hash, Equal> entries_;  // Entries stay where they are.
  std::unordered_map<std::uint32_t, Entry*> processes_;         // That have entries.
};

}  // namespace ipm::source::ebpf

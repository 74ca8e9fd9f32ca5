// Sockets that closed a short while ago. A dump that was made before a destroy record must not bring its socket back;
// the other end of a local connection wants to know how much this one had sent; and a socket given up as gone may still
// end properly.
// Bounded: the last entries_max.
// Threads: owned by the source's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>

#include "source/sock_diag/socket_table.h"

namespace ipm::source::sock_diag {

class ClosedSockets {
 public:
  explicit ClosedSockets(std::size_t entries_max = 65'536) : entries_max_(entries_max) {}

  // `sent` is what it had sent, if known.
  void add(std::uint64_t cookie, const model::FlowTuple& tuple, std::optional<std::uint64_t> sent);
  // Its record came, the rest of its end comes later; for its other end to ask.
  void set_sent(std::uint64_t cookie, const model::FlowTuple& tuple, std::uint64_t sent);
  // Missing from the dumps without a destroy record: kept whole, for the one that may yet come.
  void add_gone(std::uint64_t cookie, const SocketRecord& record);

  bool contains(std::uint64_t cookie) const { return entries_.contains(cookie); }
  bool gone(std::uint64_t cookie) const;
  // The record of a socket given up as gone, once.
  std::unique_ptr<SocketRecord> take_gone(std::uint64_t cookie);
  // What the other end of `tuple` had sent.
  std::optional<std::uint64_t> peer_sent(const model::FlowTuple& tuple) const;

 private:
  struct Entry {
    model::FlowTuple tuple = {};
    std::optional<std::uint64_t> sent = {};
    std::unique_ptr<SocketRecord> gone = {};
  };
  void make_room();

  const std::size_t entries_max_;
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::unordered_map<std::uint64_t, std::uint64_t> by_path_;
  std::deque<std::uint64_t> by_age_;  // Front closed longest ago; holds every entry once.
};

}  // namespace ipm::source::sock_diag

// Reads a look at all sockets, however the kernel tells it: one record for each descriptor of a socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "source/ebpf/bpf/layout.h"
#include "source/ebpf/kernel_side.h"

namespace ipm::source::ebpf {

class LookReader {
 public:
  LookReader();

  bool reading() const { return !streams_.empty(); }
  // Bound: so many sockets that are told apart from their holders are kept until the end.
  void begin(std::deque<SeedStream> streams, std::size_t sockets_max);
  // One read. `visit` gets each record with its holder. Ok: there may be more; end: that was all, also after an error.
  Status step(const std::function<void(const ipm_record_seed&)>& visit);
  // Records that were cut.
  std::uint64_t malformed() const { return malformed_; }

 private:
  void take(const ipm_record_seed& record, const std::function<void(const ipm_record_seed&)>& visit);
  void next_stream();

  std::size_t sockets_max_ = 0;
  std::deque<SeedStream> streams_;
  std::unordered_map<std::uint64_t, ipm_record_socket> sockets_;  // By cookie, of those without holders.
  std::vector<std::byte> buffer_;
  std::size_t buffered_ = 0;  // Bytes of a record that the last read cut.
  std::uint64_t malformed_ = 0;
};

}  // namespace ipm::source::ebpf

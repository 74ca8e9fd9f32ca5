// Keeps the self-tests of this process (host/transfer.h) out of what is told, those of its other monitors too. The
// kernel side names a process before its first use of a socket: if that was a self-test, the name waits until the
// process does something of its own.
// Threads: owned by the source's thread.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "source/ebpf/kernel_side.h"
#include "source/host/event_out.h"

namespace ipm::source::ebpf {

class OwnRecords {
 public:
  using Take = std::function<void(std::span<const std::byte>)>;

  OwnRecords(Traffic& traffic, host::EventOut& out) : traffic_(traffic), out_(out) {}

  // This process, as the kernel side numbers it. 0: not known, and its name waits for nothing.
  void set_pid(std::uint32_t pid) { pid_ = pid; }
  // Hands on a record of the ring, after what waited for it; or counts it as filtered; or lets it wait.
  void pass(std::span<const std::byte> record, const Take& take);

 private:
  Traffic& traffic_;
  host::EventOut& out_;
  std::uint32_t pid_ = 0;
  std::vector<std::byte> name_;  // The record that waits.
};

}  // namespace ipm::source::ebpf

// The self-test: a known transfer, and what the kernel side has of it when it is over. The kernel takes programs that
// then never run, or find no room in their maps; that shows here and nowhere else.
#pragma once

#include <cstdint>
#include <string>

#include "source/ebpf/kernel_side.h"
#include "source/host/transfer.h"
#include "source/source.h"

namespace ipm::source::ebpf {

// What is known of the transfer's two sockets. Of parts that do not run nothing is expected.
struct Findings {
  bool with_length = true;
  std::uint64_t bytes = 0;  // Sent and received, by the calls.
  bool with_packets = true;
  std::uint64_t packet_bytes = 0;  // Payload of the datagram, out and in.
  bool with_lifecycle = true;
  bool opened = false, established = false;  // The TCP connection, by the hooks.
  bool with_seed = true;
  bool tcp_listed = false, udp_listed = false;  // By the look at all sockets.
};

struct Verdict {
  std::string text;      // "passed: …", "failed: …"
  Degradations missing;  // What a failure means.
};
Verdict judge(const Findings& findings);

// Threads: owned by the source's thread. All of it happens within open().
class SelfTest {
 public:
  static constexpr std::uint64_t kPacketBytes = 2 * host::Transfer::kUdpBytes;
  static constexpr std::uint64_t kBytes = 2 * host::Transfer::kTcpBytes + kPacketBytes;

  void begin();
  void listed(std::uint64_t cookie);  // By a look.
  void end(KernelSide& kernel);

  // The process, as the kernel side numbers it. 0: not seen.
  std::uint32_t pid() const { return pid_; }
  const std::string& text() const { return verdict_.text; }  // Empty: not asked for.
  const Degradations& missing() const { return verdict_.missing; }

 private:
  void read_bytes(KernelSide& kernel);
  void read_packets(KernelSide& kernel);
  bool is_own(std::uint64_t cookie) const;

  host::Transfer transfer_;
  bool under_way_ = false;
  Findings findings_;
  std::uint32_t pid_ = 0;
  Verdict verdict_;
};

}  // namespace ipm::source::ebpf

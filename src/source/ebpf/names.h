// Reads names out of copied packets and drops the packets: answers of DNS, and ClientHellos of TLS, which may come in
// several pieces.
// Bounded: kHellosMax hellos under way; the one that began first is given up.
// Threads: owned by the source's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <unordered_map>

#include "decode/digest.h"
#include "decode/dns.h"
#include "decode/hello_assembler.h"
#include "decode/ip.h"
#include "source/ebpf/bpf/layout.h"
#include "source/ebpf/sockets.h"
#include "source/host/event_out.h"

namespace ipm::source::ebpf {

class Names {
 public:
  static constexpr std::size_t kHellosMax = 128;

  Names(host::EventOut& out, const Sockets& sockets) : out_(out), sockets_(sockets) {}

  // A record of kind IPM_RECORD_PACKET; what is not one is counted as malformed.
  void take(std::span<const std::byte> record);

 private:
  void on_answer(std::uint64_t cookie, const decode::Packet& packet, TimeNs time);
  void on_hello(std::uint64_t cookie, const decode::Packet& packet, TimeNs time);
  void tell_hello(std::uint64_t cookie, const decode::Packet& packet, const decode::TlsHello& hello, TimeNs time);
  void give_up(std::uint64_t cookie);

  host::EventOut& out_;
  const Sockets& sockets_;
  decode::DnsMessage message_;
  decode::Digests digests_;
  std::unordered_map<std::uint64_t, std::unique_ptr<decode::HelloAssembler>> hellos_;  // By cookie.
  std::deque<std::uint64_t> by_age_;                                                   // Of hellos_.
  std::unique_ptr<decode::HelloAssembler> spare_;
};

}  // namespace ipm::source::ebpf

// Reads names out of copied packets and drops the packets: answers of DNS, and ClientHellos of TLS, which may come in
// several pieces. An answer is told for the process that asked: while that is not known it is held, for a tick at most.
// Bounded: kHellosMax hellos under way; the one that began first is given up. kHeldMax answers held; one more is told
// for nobody.
// Threads: owned by the source's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

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
  static constexpr std::size_t kHeldMax = 1'024;

  Names(host::EventOut& out, Sockets& sockets) : out_(out), sockets_(sockets) {}

  // A record of kind IPM_RECORD_PACKET; what is not one is counted as malformed.
  void take(std::span<const std::byte> record);
  // After any other record was taken: a process uses this socket.
  void used(std::uint64_t cookie);
  // Before a record is taken: this process closes the last descriptor of a socket.
  void closing(const ipm_record_owner& record);
  // The end of that tick, until the lane is short of room. True: all is told that is to be.
  bool settle(std::uint32_t tick, TimeNs now, std::uint64_t room_min);

  std::size_t held() const { return held_count_; }

 private:
  struct Answer {
    TimeNs time = 0;
    model::DnsAnswer event = {};  // Without its name and addresses.
    std::string name;
    std::vector<decode::DnsAddress> addresses;
    std::uint32_t held_in = 0;  // The tick whose end it was held at.
  };

  void on_answer(const ipm_record_packet& record, const decode::Packet& packet, TimeNs time);
  void tell(const Answer& answer, const Sockets::Introduced& asker);
  // Those whose process is known by now, or all.
  void tell_held(std::uint64_t cookie, TimeNs now, model::ProcessKey closer, bool all);
  void on_hello(const ipm_record_packet& record, const decode::Packet& packet, TimeNs time);
  void tell_hello(const ipm_record_packet& record, const decode::Packet& packet, const decode::TlsHello& hello,
                  TimeNs time);
  void give_up(std::uint64_t cookie);

  host::EventOut& out_;
  Sockets& sockets_;
  decode::DnsMessage message_;
  decode::Digests digests_;
  std::unordered_map<std::uint64_t, std::unique_ptr<decode::HelloAssembler>> hellos_;  // By cookie.
  std::deque<std::uint64_t> by_age_;                                                   // Of hellos_.
  std::unique_ptr<decode::HelloAssembler> spare_;
  std::map<std::uint64_t, std::vector<Answer>> held_;  // By cookie.
  std::size_t held_count_ = 0;
};

}  // namespace ipm::source::ebpf

// One conversation between two endpoints as a capture near the client would have it: when each packet passed, and what
// was in it. Some data is lost before the capture or behind it and sent again, some arrives out of order.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "pcap/payloads.h"

namespace ipm::bench {

struct Sent {
  TimeNs time_ns = 0;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint32_t ts_value = 0;
  std::uint32_t ts_echo = 0;
  Piece payload = {};
  std::uint16_t ip_id = 0;
  std::uint8_t flags = 0;
  bool outward = true;  // Sent by the client.
};

class Talk {
 public:
  Talk(TimeNs begin_ns, Random& random);

  // What kinds there are, each from its first packet to its last.
  void dns(const Payloads& payloads, std::uint32_t site);
  void datagrams(const Payloads& payloads);
  void call(const Payloads& payloads);  // Voice: 50 packets a second each way.
  void tls(const Payloads& payloads, std::uint32_t site);
  void http(const Payloads& payloads);
  void refused();
  void unanswered();

  // By time.
  std::vector<Sent> take();

 private:
  struct Side {
    std::uint32_t next_seq = 0;
    std::uint32_t newest_ts = 0;
    std::uint16_t ip_id = 0;
  };
  void wait(TimeNs ns) { now_ns_ += ns; }
  void wait_up_to(TimeNs ns) { now_ns_ += static_cast<TimeNs>(random_.below(static_cast<std::uint64_t>(ns))); }
  void datagram(bool outward, Piece payload);
  Sent segment(bool outward, std::uint8_t flags, Piece payload);
  void add(bool outward, std::uint8_t flags, Piece payload = {}) { sent_.push_back(segment(outward, flags, payload)); }
  void connect();
  void disconnect();
  void say(bool outward, std::uint32_t from, std::uint32_t bytes);
  void lose(bool outward, const Sent& segment);
  std::uint32_t some_bytes();

  Random& random_;
  TimeNs now_ns_;
  TimeNs round_trip_ns_;
  Side sides_[2];  // Client, server.
  std::vector<Sent> sent_;
};

}  // namespace ipm::bench

// Two hosts that talk, packet by packet, for tests of flows: the client 10.0.0.1:40000, the server 192.0.2.7:443.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "decode/flow/flow_table.h"
#include "decode/ip.h"

namespace ipm::test {

inline constexpr TimeNs kT0 = 1'700'000'000 * kSecond;
inline constexpr std::uint16_t kWindow = 1000;

// One segment; `flags` as letters: S A F R P.
struct Line {
  double at_ms;
  char from;  // 'c' or 's'
  std::string_view flags;
  std::uint32_t seq;
  std::uint32_t ack;
  std::uint32_t bytes = 0;
  std::uint16_t window = kWindow;
};

inline std::uint8_t flags_of(std::string_view letters) {
  std::uint8_t flags = 0;
  for (const char letter : letters) {
    flags = static_cast<std::uint8_t>(flags | (letter == 'S'   ? decode::kSyn
                                               : letter == 'A' ? decode::kAck
                                               : letter == 'F' ? decode::kFin
                                               : letter == 'R' ? decode::kRst
                                                               : decode::kPsh));
  }
  return flags;
}

inline TimeNs at_ms(double ms) {
  return kT0 + static_cast<TimeNs>(ms * 1e6);
}

inline decode::Packet packet_of(char from, std::uint8_t protocol) {
  decode::Packet packet;
  packet.src = *model::IpAddress::parse("10.0.0.1");
  packet.dst = *model::IpAddress::parse("192.0.2.7");
  packet.src_port = 40'000;
  packet.dst_port = 443;
  packet.protocol = protocol;
  if (from == 's') {
    std::swap(packet.src, packet.dst);
    std::swap(packet.src_port, packet.dst_port);
  }
  return packet;
}

inline decode::Packet segment(const Line& line) {
  decode::Packet packet = packet_of(line.from, model::kProtocolTcp);
  packet.tcp_flags = flags_of(line.flags);
  packet.seq = line.seq;
  packet.ack = line.ack;
  packet.window = line.window;
  packet.payload_bytes = line.bytes;
  packet.ip_bytes = 40 + line.bytes;
  return packet;
}

inline decode::Packet datagram(char from, std::uint32_t bytes) {
  decode::Packet packet = packet_of(from, model::kProtocolUdp);
  packet.payload_bytes = bytes;
  packet.ip_bytes = 28 + bytes;
  return packet;
}

// Keeps the rows it is given.
struct Rows : decode::flow::FlowRowSink {
  void take(const decode::flow::FlowRow& row) override { rows.push_back(row); }
  std::vector<decode::flow::FlowRow> rows;
};

// A table and the talk that goes into it.
class Talk {
 public:
  explicit Talk(decode::flow::FlowTable::Options options = {}) : table(options, gone) {}

  decode::flow::Added say(const Line& line) { return table.add(segment(line), at_ms(line.at_ms), 54 + line.bytes); }
  // Which classes the last of them is of.
  std::uint16_t say(std::initializer_list<Line> lines) {
    std::uint16_t classes = 0;
    for (const Line& line : lines) classes = say(line).classes;
    return classes;
  }
  // SYN at 0, SYN-ACK, and ACK after rtt_ms. The next numbers are 101 and 501.
  void shake_hands(double rtt_ms = 20) {
    say({{0, 'c', "S", 100, 0}, {rtt_ms / 2, 's', "SA", 500, 101}, {rtt_ms, 'c', "A", 101, 501}});
  }
  std::vector<decode::flow::FlowRow> rows() const {
    Rows all;
    table.write_all(all);
    return all.rows;
  }
  decode::flow::FlowRow row() const { return rows().at(0); }

  Rows gone;
  decode::flow::FlowTable table;
};

}  // namespace ipm::test

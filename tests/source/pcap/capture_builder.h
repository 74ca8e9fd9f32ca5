// Captures for tests, put together in either byte order.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/pcap/capture_file.h"

namespace ipm::test {

enum class Order { kLittle, kBig };

inline std::string number(std::uint64_t value, std::size_t bytes, Order order) {
  std::string out;
  for (std::size_t i = 0; i < bytes; ++i) {
    const std::size_t shift = 8 * (order == Order::kLittle ? i : bytes - 1 - i);
    out += static_cast<char>(value >> shift);
  }
  return out;
}

struct PcapHeader {
  std::uint32_t magic = 0xa1b2c3d4;
  std::uint16_t major = 2;
  std::uint16_t minor = 4;
  std::uint32_t snap = 65'535;
  std::uint32_t link = 1;
  Order order = Order::kLittle;
};

inline std::string pcap_header(PcapHeader of = {}) {
  const auto u = [&](std::uint64_t value, std::size_t bytes) { return number(value, bytes, of.order); };
  return u(of.magic, 4) + u(of.major, 2) + u(of.minor, 2) + u(0, 8) + u(of.snap, 4) + u(of.link, 4);
}

// `patch` follows the 16 bytes that all headers of records have.
inline std::string pcap_record(std::uint32_t seconds, std::uint32_t fraction, std::string_view data,
                               std::uint32_t original, Order order = Order::kLittle, std::string_view patch = {}) {
  const auto u = [&](std::uint64_t value) { return number(value, 4, order); };
  return u(seconds) + u(fraction) + u(data.size()) + u(original) + std::string(patch) + std::string(data);
}

class PcapngBuilder {
 public:
  explicit PcapngBuilder(Order order = Order::kLittle) : order_(order) {}

  std::string u(std::uint64_t value, std::size_t bytes) const { return number(value, bytes, order_); }
  static std::string padded(std::string text) {
    while (text.size() % 4 != 0) text += '\0';
    return text;
  }
  std::string option(std::uint16_t code, const std::string& value) const {
    return u(code, 2) + u(value.size(), 2) + padded(value);
  }
  std::string block(std::uint32_t type, const std::string& body) const {
    const std::string bytes = u(12 + padded(body).size(), 4);
    return u(type, 4) + bytes + padded(body) + bytes;
  }

  std::string section(std::uint16_t major = 1, std::uint64_t bytes = ~std::uint64_t{0}) const {
    return block(0x0a0d0d0a, u(0x1a2b3c4d, 4) + u(major, 2) + u(0, 2) + u(bytes, 8));
  }
  std::string interface(std::uint16_t link = 1, std::uint32_t snap = 0, const std::string& options = {}) const {
    return block(1, u(link, 2) + u(0, 2) + u(snap, 4) + options);
  }
  std::string packet(std::uint32_t interface, std::uint64_t ticks, const std::string& data, std::uint32_t original,
                     const std::string& options = {}) const {
    return block(6, u(interface, 4) + u(ticks >> 32, 4) + u(ticks & 0xffff'ffff, 4) + u(data.size(), 4) +
                        u(original, 4) + padded(data) + options);
  }

 private:
  Order order_;
};

// What a test looks at of a packet; it outlives the file.
struct SeenPacket {
  TimeNs time_ns = source::pcap::kNoTime;
  std::uint16_t link_type = 0;
  std::uint32_t original_bytes = 0;
  std::uint32_t interface_index = 0;
  source::pcap::PacketDirection direction = {};
  std::uint8_t fcs_bytes = 0;
  std::string data;
  std::int32_t pid = 0;
  std::string process;
};

inline SeenPacket seen(const source::pcap::CapturedPacket& packet) {
  SeenPacket out;
  out.time_ns = packet.time_ns;
  out.link_type = packet.link_type;
  out.original_bytes = packet.original_bytes;
  out.interface_index = packet.interface_index;
  out.direction = packet.direction;
  out.fcs_bytes = packet.fcs_bytes;
  out.data.assign(reinterpret_cast<const char*>(packet.data.data()), packet.data.size());
  if (packet.process != nullptr) {
    out.pid = packet.process->process.pid;
    out.process = packet.process->process.name;
  }
  return out;
}

// All of a capture that is no error.
struct Reading {
  explicit Reading(std::string_view bytes) {
    opened = file.open_memory(bytes);
    if (opened.ok()) read();
  }
  void read() {
    source::pcap::CapturedPacket packet;
    while ((last = file.next(packet)).code() == Code::kOk || last.code() == Code::kTimeout) {
      if (last.ok()) packets.push_back(seen(packet));
    }
  }
  source::pcap::CaptureCounters counters() const { return file.counters(); }

  source::pcap::CaptureFile file;
  Status opened;
  Status last;
  std::vector<SeenPacket> packets;
};

}  // namespace ipm::test

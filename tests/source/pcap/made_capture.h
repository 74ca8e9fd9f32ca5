// A classic capture of raw IPv4 packets, written by hand. Client and server are two addresses; times are milliseconds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/ip_address.h"

namespace ipm::test {

struct End {
  std::uint8_t address[4];
  std::uint16_t port;
};
inline constexpr End kClient{{192, 168, 1, 10}, 40'000}, kServer{{198, 51, 100, 7}, 443};

class MadeCapture {
 public:
  static constexpr std::int64_t kBeginSecond = 1'700'000'000;

  MadeCapture() {
    add32(0xa1b2c3d4);
    add16(2);
    add16(4);
    add32(0);
    add32(0);
    add32(65'535);
    add32(101);  // LINKTYPE_RAW
  }

  MadeCapture& tcp(std::int64_t ms, const End& from, const End& to, std::uint8_t flags, std::uint32_t seq,
                   std::uint32_t ack, std::uint32_t payload_bytes = 0) {
    std::string segment = big16(from.port) + big16(to.port) + big32(seq) + big32(ack);
    segment += static_cast<char>(5 << 4);
    segment += static_cast<char>(flags);
    segment += big16(64'000) + big16(0) + big16(0);
    return ip(ms, 6, from, to, segment + std::string(payload_bytes, 'x'));
  }
  MadeCapture& udp(std::int64_t ms, const End& from, const End& to, std::string_view payload) {
    const std::string header =
        big16(from.port) + big16(to.port) + big16(static_cast<std::uint16_t>(8 + payload.size())) + big16(0);
    return ip(ms, 17, from, to, header + std::string(payload));
  }
  // ICMP type 3: `from` says that a packet of `sender` to `target` did not arrive.
  MadeCapture& unreachable(std::int64_t ms, const End& from, const End& sender, const End& target, std::uint8_t code) {
    std::string message;
    message += '\3';
    message += static_cast<char>(code);
    message += big16(0) + big32(0);
    const std::string quoted = big16(sender.port) + big16(target.port) + big32(1'000);
    return ip(ms, 1, from, sender, message + ip_header(6, sender, target, 40) + quoted);
  }
  // Handshake of a connection whose client has sequence number 1,000 and whose server has 5,000; 10 ms there and back.
  MadeCapture& handshake(std::int64_t ms) {
    return tcp(ms, kClient, kServer, 2, 1'000, 0)
        .tcp(ms + 10, kServer, kClient, 0x12, 5'000, 1'001)
        .tcp(ms + 10, kClient, kServer, 0x10, 1'001, 5'001);
  }

  const std::string& bytes() const { return bytes_; }

 private:
  static std::string big16(std::uint16_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value)}; }
  static std::string big32(std::uint32_t value) {
    return big16(static_cast<std::uint16_t>(value >> 16)) + big16(static_cast<std::uint16_t>(value));
  }
  static std::string ip_header(std::uint8_t protocol, const End& from, const End& to, std::size_t total_bytes) {
    std::string header = "\x45";
    header += '\0';
    header += big16(static_cast<std::uint16_t>(total_bytes)) + big32(0);
    header += '\x40';
    header += static_cast<char>(protocol);
    header += big16(0);
    for (const End* end : {&from, &to}) {
      for (const std::uint8_t octet : end->address) header += static_cast<char>(octet);
    }
    return header;
  }
  MadeCapture& ip(std::int64_t ms, std::uint8_t protocol, const End& from, const End& to, const std::string& body) {
    const std::string packet = ip_header(protocol, from, to, 20 + body.size()) + body;
    add32(static_cast<std::uint32_t>(kBeginSecond + ms / 1'000));
    add32(static_cast<std::uint32_t>(ms % 1'000 * 1'000));
    add32(static_cast<std::uint32_t>(packet.size()));
    add32(static_cast<std::uint32_t>(packet.size()));
    bytes_ += packet;
    return *this;
  }
  // Little-endian, as the header says.
  void add16(std::uint16_t value) {
    bytes_ += static_cast<char>(value);
    bytes_ += static_cast<char>(value >> 8);
  }
  void add32(std::uint32_t value) {
    add16(static_cast<std::uint16_t>(value));
    add16(static_cast<std::uint16_t>(value >> 16));
  }

  std::string bytes_;
};

}  // namespace ipm::test

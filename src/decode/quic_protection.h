// Opens what a QUIC client sends in its Initial packets. Their keys follow from the connection ID that the client
// itself chose, which everybody sees (RFC 9001 §5.2): this hides nothing, and there is no secret to come by.
//
// By libcrypto, in a library context of its own as in digest.h. Built without IPM_WITH_OPENSSL, or where a provider
// does not have AES-128-GCM, nothing is opened and why_not() says so.
//
// Memory: about 200 KiB and a buffer of kQuicPacketBytesMax, allocated by the constructor. Threads: one at a time.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "decode/quic_packet.h"

namespace ipm::decode {

inline constexpr std::size_t kQuicPacketBytesMax = 16 * 1024;  // A longer Initial packet is left alone.

struct QuicKeys {
  std::array<std::uint8_t, 16> key = {};
  std::array<std::uint8_t, 12> iv = {};
  std::array<std::uint8_t, 16> header_key = {};
};

class QuicProtection {
 public:
  QuicProtection();
  ~QuicProtection();
  QuicProtection(const QuicProtection&) = delete;
  QuicProtection& operator=(const QuicProtection&) = delete;

  bool available() const;
  std::string_view why_not() const;  // Empty if it is.

  // The client's Initial keys for the destination connection ID of its first packet. Costs about ten SHA-256 blocks.
  [[nodiscard]] bool client_keys(const QuicVersion& version, Bytes first_destination, QuicKeys& out);

  struct Opened {
    std::uint64_t number = 0;
    Bytes frames;  // Good until the next open().
  };
  // `expected` is the packet number after the highest that was opened. Empty: these are not its keys.
  std::optional<Opened> open(const QuicKeys& keys, const QuicPacket& packet, std::uint64_t expected);

 private:
  struct Library;
  std::unique_ptr<Library> library_;
};

}  // namespace ipm::decode

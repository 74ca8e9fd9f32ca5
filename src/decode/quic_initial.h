// Puts the ClientHello of one QUIC connection together from the Initial packets that the client sends: several in one
// datagram and over several datagrams, their CRYPTO frames in any order with PADDING and PING between (RFC 9000 §19),
// as Chrome shuffles them. Retry and version negotiation change the keys on the way.
//
// Whatever comes from the server is not sealed with the client's keys and does not count.
//
// Bound: a hello of kHelloBytesMax, kPacketsMax packets, kHolesMax stretches that wait for what comes before them.
// Memory: one buffer, allocated by the constructor; reset() makes it ready for the next connection. What exceeds a
// bound ends it with a state that says why. Threads: one at a time.
#pragma once

#include "decode/piece_buffer.h"
#include "decode/quic_protection.h"
#include "decode/tls_hello.h"

namespace ipm::decode {

// A cheap look: the datagram begins with an Initial packet of a known version.
bool begins_quic_initial(Bytes datagram);

class QuicHello {
 public:
  enum class State : std::uint8_t {
    kWaiting = 0,    // For the client's next packet.
    kDone = 1,       // hello() is there.
    kGap = 2,        // Bytes before these never came within the bounds.
    kTooLarge = 3,   // The hello exceeds the bound.
    kMalformed = 4,  // Genuine packets with something else inside.
  };
  static constexpr std::uint32_t kPacketsMax = 32;
  static constexpr std::uint32_t kHolesMax = 32;

  QuicHello();

  void reset();
  // A datagram of the side that may be the client. The bytes may go after the call. Once the state is not kWaiting,
  // nothing changes it but reset().
  State feed(Bytes datagram, QuicProtection& protection);

  State state() const { return state_; }
  bool begun() const { return packets_ != 0; }  // A packet was opened: this side is the client.
  // With kDone: the hello is of Google's own handshake, and has a server name only.
  bool google() const { return google_; }
  // With kDone; its lists point into this object and are good until reset().
  const TlsHello& hello() const { return hello_; }

 private:
  void packet(const QuicPacket& packet, QuicProtection& protection);
  bool follow(const QuicPacket& packet, QuicProtection& protection);
  State frames(Bytes frames, const QuicVersion& version);
  State scan();
  State scan_google(Bytes known);

  PieceBuffer crypto_;
  QuicKeys keys_;
  std::array<std::byte, kQuicCidBytesMax> key_cid_ = {};  // What keys_ were made of.
  std::uint8_t key_cid_bytes_ = 0;
  std::uint32_t key_version_ = 0;  // 0: there are no keys yet.
  std::uint32_t packets_ = 0;
  std::uint64_t next_number_ = 0;
  bool google_ = false;
  State state_ = State::kWaiting;
  TlsHello hello_;
};

// "waiting", "done", "gap", "too_large", "malformed"
std::string_view quic_hello_state_name(QuicHello::State state);

}  // namespace ipm::decode

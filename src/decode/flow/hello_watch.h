// Follows the first bytes of each flow until its TLS ClientHello is there: TLS over TCP, QUIC and DTLS over UDP, in
// whichever direction the client sits. Gives its facts once.
//
// The flow table keeps a HelloTicket for each flow, zero at first, and hands in packets as long as wants(ticket). Flows
// with a hello are decided by it, mostly their first payload, all others after kTcpPayloadsMax or kUdpPayloadsMax of
// both directions; from then on they cost nothing. A hello that one packet does not complete is gathered in a place of
// a bounded pool; when the pool is full the hello that was begun first is given up and counted.
//
// A hello that does not come first, as behind STARTTLS, CONNECT or SOCKS, is found where it begins a segment, and said
// not to be at_start. SSLv2 hellos are none: they carry no name and no extensions.
//
// Memory: about 17 KiB a place, allocated when first needed and then kept. Threads: one at a time. No clock.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "decode/ip.h"
#include "decode/ja3.h"
#include "decode/ja4.h"

namespace ipm::decode::flow {

inline constexpr std::uint32_t kAlpnTextMax = 128;
inline constexpr std::uint32_t kTcpPayloadsMax = 32;  // Of a flow that are looked at without finding a hello.
inline constexpr std::uint32_t kUdpPayloadsMax = 64;  // More: DTLS comes behind the STUN of WebRTC.

struct HelloFacts {
  HelloTransport transport = HelloTransport::kTls;
  bool from_initiator = true;  // The flow's initiator is the client.
  bool at_start = true;        // False: the client had sent something else before.
  bool ech = false;            // Encrypted ClientHello: sni names the front, not the site.
  bool google = false;         // Google's handshake of before TLS: a name, and nothing to make a fingerprint of.
  // The capture does not hold all of it, or it contradicts itself: no fingerprints, and names as far as it is sound.
  bool partial = false;
  std::optional<Ja3> ja3;  // Empty also where libcrypto is not there.
  std::optional<Ja4> ja4;
  std::uint16_t sni_bytes = 0;
  std::uint16_t alpn_bytes = 0;
  std::array<char, kServerNameBytesMax> sni_text;  // Not initialised beyond their counts.
  std::array<char, kAlpnTextMax> alpn_text;

  std::string_view sni() const { return {sni_text.data(), sni_bytes}; }                   // Lower case; may be empty.
  std::string_view alpn_list() const { return {alpn_text.data(), alpn_bytes}; }           // Joined by commas.
  std::string_view alpn() const { return alpn_list().substr(0, alpn_list().find(',')); }  // The first offered.
};

// What the flow table keeps for a flow. Begins as zero; only HelloWatch reads and changes it.
struct HelloTicket {
  std::array<std::uint32_t, 2> first_seq = {};  // TCP, by side: initiator, responder.
  std::uint32_t place = 0;                      // Where the hello is gathered.
  std::uint32_t generation = 0;
  std::array<std::uint8_t, 2> side = {};  // Flags of hello_watch.cpp.
  std::uint8_t payloads = 0;              // That were looked at.
  std::uint8_t gathering = 0;             // Which kind of hello; 0: none.
  bool decided = false;
};

class HelloWatch {
 public:
  struct Options {
    std::uint32_t tls_hellos_max = 256;  // Under way at once, over TCP.
    std::uint32_t udp_hellos_max = 128;  // Under way at once, of QUIC and of DTLS.
  };
  struct Stats {
    std::uint64_t hellos = 0;  // Given, the partial ones included.
    std::uint64_t hellos_partial = 0;
    std::uint64_t given_up_full = 0;  // Begun, and given up for others that began later: raise the bound.
    std::uint64_t given_up = 0;   // Begun, and exceeding a bound of one hello or not sound even to its cipher suites.
    std::uint64_t abandoned = 0;  // Begun, and the flow ended first.
    std::uint32_t under_way = 0;  // Now.
    std::uint32_t under_way_high = 0;
  };

  HelloWatch();
  explicit HelloWatch(Options options);
  ~HelloWatch();
  HelloWatch(const HelloWatch&) = delete;
  HelloWatch& operator=(const HelloWatch&) = delete;

  // False: the flow is decided, its packets need not be handed in.
  static bool wants(const HelloTicket& ticket) { return !ticket.decided; }

  // A TCP segment with SYN or payload, or a UDP datagram with payload. A new connection on old endpoints has a new
  // ticket. True: `out` holds the hello of this flow, now and never again.
  bool add(HelloTicket& ticket, const Packet& packet, bool from_initiator, HelloFacts& out);

  // The flow is gone: what was gathered for it is let go.
  void release(HelloTicket& ticket);

  std::string_view why_no_quic() const;          // Empty if QUIC can be read here.
  std::string_view why_no_fingerprints() const;  // Empty if JA3 and JA4 are given.
  const Stats& stats() const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ipm::decode::flow

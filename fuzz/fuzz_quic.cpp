// Any bytes as QUIC. Even first byte: as datagrams, each behind its length. Odd: as the frames of Initial packets that
// are sealed here, or nothing but noise would ever be opened; two of its bits choose the version and let the packets
// after the first go to another connection ID, as after a Retry.
#include <cstdint>
#include <cstdlib>

#include "decode/ja4.h"
#include "decode/quic_initial.h"

#ifdef IPM_WITH_OPENSSL
#include "decode/quic_octets.h"
#endif

using namespace ipm::decode;
using State = QuicHello::State;

namespace {

void check(const QuicHello& hello) {
  if (hello.state() != State::kDone) return;
  for (const char c : hello.hello().sni()) {
    if (c <= ' ' || c > '~' || (c >= 'A' && c <= 'Z')) std::abort();
  }
  if (ja4_raw(hello.hello(), HelloTransport::kQuic).size() < 12) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  Cursor cursor(Bytes(reinterpret_cast<const std::byte*>(data + 1), size - 1));
  static QuicProtection protection;
  static QuicHello hello;
  hello.reset();
  std::uint64_t packets = 0;
  while (cursor.left() > 2) {
    const std::uint16_t wanted = cursor.u16();
    const Bytes piece = cursor.take(wanted < cursor.left() ? wanted : cursor.left());
    if ((data[0] & 1U) == 0) {
      hello.feed(piece, protection);
      QuicPacket packet;
      Bytes datagram = piece;
      while (!datagram.empty() && next_quic_packet(datagram, packet) == Verdict::kOk) {
        if (packet.whole.size() > piece.size() || packet.number_at > packet.whole.size()) std::abort();
      }
    }
#ifdef IPM_WITH_OPENSSL
    if ((data[0] & 1U) != 0) {
      const bool second = (data[0] & 2U) != 0;
      const bool moves = (data[0] & 4U) != 0 && packets != 0;
      ipm::test::InitialPacket packet{.version = second ? kQuicVersion2 : kQuicVersion1,
                                      .destination = moves ? ipm::test::hex("0102") : ipm::test::rfc_cid(),
                                      .packet_number = packets,
                                      .number_bytes = std::size_t{1} + (data[0] >> 6),
                                      .frames = {piece.begin(), piece.end()},
                                      .padded_to = 4};
      QuicKeys keys;
      if (!protection.client_keys(*quic_version(packet.version), packet.destination, keys)) std::abort();
      if (packet.frames.size() > 8000) return 0;
      const State before = hello.state();
      hello.feed(ipm::test::seal(packet, keys), protection);
      if (before == State::kWaiting && !hello.begun() && hello.state() == State::kWaiting) std::abort();
    }
#endif
    ++packets;
    check(hello);
  }
  return 0;
}

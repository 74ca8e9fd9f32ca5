// Any bytes as an IP packet: the payload lies within them, and is not more than the headers say.
#include <cstdint>
#include <cstdlib>

#include "decode/ip.h"

using namespace ipm::decode;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto check = [&](Verdict verdict, const Packet& packet) {
    if (packet.payload.size() > packet.payload_bytes) std::abort();
    if (verdict != Verdict::kOk) return;
    if (packet.protocol != 6 && packet.protocol != 17) std::abort();
    if (packet.payload.empty()) return;
    if (packet.payload.data() < bytes.data()) std::abort();
    if (packet.payload.data() + packet.payload.size() > bytes.data() + bytes.size()) std::abort();
  };
  Packet packet;
  const Verdict verdict = parse_ip(bytes, packet);
  check(verdict, packet);
  if (verdict == Verdict::kOk && packet.payload_bytes >= packet.ip_bytes) std::abort();
  for (const std::uint8_t protocol : {std::uint8_t{6}, std::uint8_t{17}}) {
    Packet transport;
    check(parse_transport(protocol, bytes, static_cast<std::uint32_t>(size), transport), transport);
    if (transport.cut() && protocol == 17) std::abort();
  }
  return 0;
}

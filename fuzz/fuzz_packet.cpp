// Any bytes as an IP packet: the payload lies within them and is not more than the headers say, and the verdict fits to
// what has been set.
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
  if (packet.payload.size() > packet.ip_bytes) std::abort();
  if (packet.ports_only && (verdict == Verdict::kOk || verdict == Verdict::kOther)) std::abort();
  if (packet.later_fragment && (verdict != Verdict::kOther || packet.src_port != 0)) std::abort();
  // A frame that was longer than what is here.
  Packet longer;
  check(parse_ip(bytes, longer, static_cast<std::uint32_t>(size) + 1000), longer);
  if (longer.src != packet.src) std::abort();
  // What contradicts the frame's end may fit to a later one, where the packet itself does not say its length.
  if (verdict == Verdict::kOk && longer.src_port != packet.src_port) std::abort();
  for (const std::uint8_t protocol : {std::uint8_t{6}, std::uint8_t{17}}) {
    Packet transport;
    check(parse_transport(protocol, bytes, static_cast<std::uint32_t>(size), transport), transport);
    if (transport.payload.size() > size) std::abort();
  }
  return 0;
}

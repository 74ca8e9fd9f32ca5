// Any bytes as packets of four flows, over TCP or UDP as the first byte says: names are printable, the pool keeps its
// bound, each flow gives one hello at most, and at the end nothing is left under way.
#include <array>
#include <cstdint>
#include <cstdlib>

#include "decode/flow/hello_watch.h"
#include "packets_input.h"

using namespace ipm::decode;
using namespace ipm::decode::flow;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static constexpr std::uint32_t kHellosMax = 2;
  static HelloWatch watch({.tls_hellos_max = kHellosMax, .udp_hellos_max = kHellosMax});
  std::array<HelloTicket, 4> tickets = {};
  std::array<int, 4> hellos = {};
  HelloFacts facts;
  const std::uint8_t protocol = (data[0] & 1U) != 0 ? 17 : 6;
  ipm::fuzz::each_packet(Bytes(reinterpret_cast<const std::byte*>(data + 1), size - 1), protocol, 443,
                         [&](const Packet& packet, unsigned connection, bool from_initiator) {
                           const bool wanted = HelloWatch::wants(tickets[connection]);
                           const bool given = watch.add(tickets[connection], packet, from_initiator, facts);
                           if (watch.stats().under_way > 3 * kHellosMax) std::abort();
                           if (!given) return;
                           if (!wanted || HelloWatch::wants(tickets[connection]) || ++hellos[connection] != 1)
                             std::abort();
                           if (facts.partial && (facts.ja3 || facts.ja4)) std::abort();
                           for (const char c : facts.sni()) {
                             if (c <= ' ' || c > '~' || (c >= 'A' && c <= 'Z')) std::abort();
                           }
                           for (const char c : facts.alpn_list()) {
                             if (c <= ' ' || c > '~') std::abort();
                           }
                         });
  for (HelloTicket& ticket : tickets) watch.release(ticket);
  if (watch.stats().under_way != 0) std::abort();
  return 0;
}

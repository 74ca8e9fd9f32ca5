#include "source/pcap/local_ends.h"

namespace ipm::source::pcap {
namespace {

bool is_near(const model::IpAddress& address) {
  const model::Scope scope = address.scope();
  return scope == model::Scope::kInternal || scope == model::Scope::kLink || scope == model::Scope::kLoopback;
}

bool is_multicast(const model::IpAddress& address) {
  return address.is_v4() ? (address.bytes[12] & 0xf0U) == 0xe0U || address.bytes[12] == 255 : address.bytes[0] == 0xff;
}

}  // namespace

void LocalEnds::note(const decode::Packet& packet, PacketDirection direction) {
  if (direction == PacketDirection::kUnknown || packet.src == packet.dst) return;
  const bool out = direction == PacketDirection::kOut;
  add(packet.src, out ? Side::kLocal : Side::kRemote);
  if (!is_multicast(packet.dst)) add(packet.dst, out ? Side::kRemote : Side::kLocal);
}

void LocalEnds::add(const model::IpAddress& address, Side side) {
  if (addresses_.size() >= kAddressesMax && !addresses_.contains(address)) return;
  Side& known = addresses_[address];
  known = static_cast<Side>(static_cast<std::uint8_t>(known) | static_cast<std::uint8_t>(side));
}

// kBoth: seen on either side, as where a router captures. It tells nothing.
LocalEnds::Side LocalEnds::side_of(const model::IpAddress& address) const {
  const auto found = addresses_.find(address);
  return found == addresses_.end() ? Side::kBoth : found->second;
}

LocalEnds::Finding LocalEnds::find(const decode::Packet& packet, PacketDirection direction,
                                   bool opener_is_sender) const {
  if (direction != PacketDirection::kUnknown && packet.src != packet.dst) {
    return {direction == PacketDirection::kOut, LocalRule::kPacket};
  }
  const Side sender = side_of(packet.src);
  const Side receiver = side_of(packet.dst);
  if (sender != receiver) {
    return {sender == Side::kLocal || receiver == Side::kRemote, LocalRule::kAddress};
  }
  const bool near = is_near(packet.src);
  if (near != is_near(packet.dst) && !is_multicast(packet.dst)) return {near, LocalRule::kScope};
  return {opener_is_sender, LocalRule::kOpener};
}

}  // namespace ipm::source::pcap

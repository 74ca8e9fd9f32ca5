// Any sequence of packets: what the rows hold, those that had to leave included, is what was put in; bounds hold; and
// batches give what single packets give.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "decode/flow/flow_table.h"

using namespace ipm;
using namespace ipm::decode;
using namespace ipm::decode::flow;

namespace {

constexpr std::size_t kPacketsMax = 4096;

struct Input {
  const std::uint8_t* data;
  std::size_t left;
  std::uint64_t next(std::size_t bytes) {
    std::uint64_t value = 0;
    for (; bytes != 0 && left != 0; --bytes, --left) value = value << 8 | *data++;
    return value;
  }
};

// Few endpoints and small steps meet each other; a number of any size comes now and then.
Packet packet_from(Input& in, std::uint32_t (&next_seq)[2]) {
  Packet packet;
  const auto shape = in.next(2);
  const std::size_t side = shape & 1;
  packet.src.bytes[15] = static_cast<std::uint8_t>(side);
  packet.dst.bytes[15] = static_cast<std::uint8_t>((shape & 2) != 0 ? side : side ^ 1);
  packet.src_port = static_cast<std::uint16_t>((shape >> 2) & 3);
  packet.dst_port = static_cast<std::uint16_t>((shape >> 4) & 3);
  packet.protocol = (shape & 0xc0) == 0xc0 ? model::kProtocolUdp : model::kProtocolTcp;
  packet.later_fragment = (shape & 0x700) == 0x700;
  packet.first_fragment = (shape & 0x700) == 0x600;
  packet.ports_only = (shape & 0x700) == 0x500;
  packet.has_timestamps = (shape & 0x800) != 0;
  packet.tcp_flags = static_cast<std::uint8_t>(in.next(1));
  const auto step = static_cast<std::uint32_t>(static_cast<std::int8_t>(in.next(1)));
  packet.seq = (shape & 0x1000) != 0 ? static_cast<std::uint32_t>(in.next(4)) : next_seq[side] + step;
  packet.ack = (shape & 0x2000) != 0 ? static_cast<std::uint32_t>(in.next(4)) : next_seq[side ^ 1];
  packet.payload_bytes = static_cast<std::uint32_t>(in.next((shape & 0x4000) != 0 ? 4 : 1) & 0x7fff'ffff);
  packet.ip_bytes = packet.payload_bytes + 40;
  packet.window = static_cast<std::uint16_t>((shape >> 15) * 512);
  packet.fragment_id = static_cast<std::uint32_t>(shape & 0x1f);
  packet.ts_value = packet.seq >> 3;
  packet.ts_echo = packet.ack >> 3;
  next_seq[side] = packet.seq + packet.payload_bytes;
  return packet;
}

struct Sums : FlowRowSink {
  void take(const FlowRow& row) override {
    for (const FlowHalf* half : {&row.out, &row.in}) {
      packets += half->packets;
      wire += half->wire_bytes;
      ip += half->ip_bytes;
      payload += half->payload_bytes;
      hash = (hash ^ half->packets ^ half->classes.retransmissions << 8 ^ half->bytes.unique_bytes) * 0x100000001b3U;
      if (row.measured && half->bytes.unique_bytes + half->bytes.repeated_bytes != half->payload_bytes) std::abort();
      if (half->bytes.repeated_packets > half->bytes.data_packets) std::abort();
      if (half->bytes.data_packets > half->packets) std::abort();
    }
    if (row.first_ns > row.last_ns) std::abort();
    ++flows;
  }
  std::uint64_t packets = 0, wire = 0, ip = 0, payload = 0, flows = 0, hash = 0xcbf29ce484222325U;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in{data, size};
  const auto options = in.next(2);
  FlowTable::Options wanted;
  wanted.flows_max = 1 + static_cast<std::uint32_t>(options & 15);
  wanted.measured_max = static_cast<std::uint32_t>((options >> 4) & 3);
  wanted.hash_seed = options;
  wanted.udp_idle_ns = (options & 0x40) != 0 ? kSecond : 0;
  wanted.closed_linger_ns = (options & 0x80) != 0 ? kSecond : 0;
  wanted.measure = (options & 0x100) == 0;

  std::vector<Packet> packets;
  std::vector<PacketIn> batch;
  packets.reserve(kPacketsMax);
  std::uint32_t next_seq[2] = {0xffff'ff00, 0};
  TimeNs now = kSecond;
  std::uint64_t wire = 0, ip = 0, payload = 0;
  while (in.left != 0 && packets.size() < kPacketsMax) {
    packets.push_back(packet_from(in, next_seq));
    const auto step = in.next(1);
    now = step == 255 ? static_cast<TimeNs>(in.next(8)) : now + (static_cast<TimeNs>(step) - 20) * kMillisecond;
    const Packet& packet = packets.back();
    batch.push_back({&packet, now, static_cast<std::uint32_t>(step) + 14});
    wire += step + 14;
    ip += packet.ip_bytes;
    payload += packet.later_fragment ? 0 : packet.payload_bytes;
    if (now > kTimeMaxNs || now < 0) now = kSecond;
  }

  Sums batched;
  FlowTable table(wanted, batched);
  struct Collect final : AddedListener {
    void on_added(std::size_t, const Added& one) override { added.push_back(one); }
    std::vector<Added> added;
  } collect;
  table.add(batch, &collect);
  table.write_all(batched);
  if (batched.packets != packets.size() || batched.wire != wire || batched.ip != ip) std::abort();
  if (batched.payload != payload || batched.flows != table.counters().flows) std::abort();
  if (table.flows() > wanted.flows_max || table.counters().flows_high_water > wanted.flows_max) std::abort();

  Sums single;
  FlowTable other(wanted, single);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Added one = other.add(*batch[i].packet, batch[i].time_ns, batch[i].wire_bytes);
    const Added& same = collect.added[i];
    if (one.id != same.id || one.classes != same.classes || one.outward != same.outward) std::abort();
  }
  other.write_all(single);
  if (single.hash != batched.hash) std::abort();
  other.advance(kTimeMaxNs);
  return 0;
}

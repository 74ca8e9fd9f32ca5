#include "decode/flow/flow_table.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "base/hash.h"

namespace ipm::decode::flow {
namespace {

// Lines of the block pool for each measured flow, on average. Records 192, tracks 448, index 22 and ages 16 bytes with
// this one make 742.
constexpr std::uint32_t kBlocksPerFlow = 1;

// Of a track: what a segment, an acknowledgement and a time stamp touch when all is in order.
constexpr std::size_t kUsualTrackBytes = offsetof(TcpTrack, more);

// TCP with its whole header.
bool is_segment(const Packet& packet) {
  return packet.protocol == model::kProtocolTcp && !packet.later_fragment && !packet.ports_only;
}

std::uint32_t measured_max(const FlowTable::Options& options) {
  if (!options.measure) return 0;
  return options.measured_max == 0 ? options.flows_max : std::min(options.measured_max, options.flows_max);
}
// An endpoint as numbers, to put the two in an order that both directions share.
struct EndpointKey {
  std::uint64_t high;
  std::uint64_t low;
  std::uint64_t port;
  auto operator<=>(const EndpointKey&) const = default;
};
EndpointKey endpoint(const model::IpAddress& address, std::uint16_t port) {
  EndpointKey key = {0, 0, port};
  std::memcpy(&key.high, address.bytes.data(), 8);
  std::memcpy(&key.low, address.bytes.data() + 8, 8);
  return key;
}

}  // namespace

FlowTable::FlowTable(Options options, FlowRowSink& gone)
    : options_(options),
      gone_(gone),
      records_(std::max<std::uint32_t>(options.flows_max, 1)),
      tracks_(measured_max(options)),
      blocks_(measured_max(options) * kBlocksPerFlow) {}

FlowTable::FlowTable(const FlowTable& from, FlowRowSink& gone)
    : options_(from.options_),
      gone_(gone),
      index_(from.index_, accounts_),
      records_(from.records_),
      tracks_(from.tracks_),
      blocks_(from.blocks_),
      ages_(from.ages_),
      ages_used_(from.ages_used_),
      ended_first_(from.ended_first_),
      ended_last_(from.ended_last_),
      clock_ns_(from.clock_ns_),
      sweep_slot_(from.sweep_slot_),
      sweep_ns_(from.sweep_ns_),
      counters_(from.counters_) {}

std::uint64_t FlowTable::hash_of(const Packet& packet) const {
  EndpointKey a = endpoint(packet.src, packet.src_port);
  EndpointKey b = endpoint(packet.dst, packet.dst_port);
  if (b < a) std::swap(a, b);
  const std::uint64_t words[5] = {a.high, a.low, b.high, b.low, a.port << 32 | b.port << 8 | packet.protocol};
  return hash_bytes(words, sizeof words, options_.hash_seed);
}

std::uint32_t FlowTable::find(const Packet& packet, std::uint64_t hash) const {
  return index_.find(hash, [&](std::uint32_t slot) { return side_of(records_.at(slot), packet) >= 0; });
}
std::uint32_t FlowTable::find(const Packet& packet) const {
  return find(packet, hash_of(packet));
}

Added FlowTable::add(const Packet& packet, TimeNs time_ns, std::uint32_t wire_bytes) {
  return update({&packet, time_ns, wire_bytes}, {hash_of(packet), kNoSlot, kNoSlot});
}

// Each round asks for the memory that the next one needs, for all packets of a batch, so that they wait for it once.
void FlowTable::add(std::span<const PacketIn> packets, AddedListener* listener) {
  std::array<Pending, kBatch> pending;
  for (std::size_t from = 0; from < packets.size(); from += kBatch) {
    const std::span<const PacketIn> batch = packets.subspan(from, std::min<std::size_t>(kBatch, packets.size() - from));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      pending[i].hash = hash_of(*batch[i].packet);
      index_.prefetch(pending[i].hash);
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      guess_record(pending[i], *batch[i].packet);
      if (listener != nullptr && pending[i].slot != kNoSlot) listener->expect(pending[i].slot);
    }
    if (options_.measure) {
      for (std::size_t i = 0; i < batch.size(); ++i) guess_track(pending[i]);
      for (std::size_t i = 0; i < batch.size(); ++i) fetch_segments(pending[i], *batch[i].packet);
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Added added = update(batch[i], pending[i]);
      if (listener != nullptr) listener->on_added(from + i, added);
    }
  }
}

void FlowTable::guess_record(Pending& pending, const Packet& packet) const {
  pending.slot = index_.guess(pending.hash);
  if (pending.slot == kNoSlot) return;
  const auto* line = reinterpret_cast<const std::byte*>(&records_.at(pending.slot));
  __builtin_prefetch(line, 1);
  __builtin_prefetch(line + 64, 1);
  if ((packet.tcp_flags & (kSyn | kFin | kRst)) != 0) __builtin_prefetch(line + 128, 1);
}

void FlowTable::guess_track(Pending& pending) const {
  pending.track = pending.slot == kNoSlot ? kNoSlot : records_.at(pending.slot).track;
  if (pending.track == kNoSlot) return;
  const auto* line = reinterpret_cast<const std::byte*>(&tracks_.at(pending.track));
  for (std::size_t at = 0; at < kUsualTrackBytes; at += 64) __builtin_prefetch(line + at, 1);
}

void FlowTable::fetch_segments(const Pending& pending, const Packet& packet) const {
  if (pending.track == kNoSlot) return;
  const bool first_side = records_.at(pending.slot).port[0] == packet.src_port;
  const TcpTrack& track = tracks_.at(pending.track);
  const TcpSide& own = track.sides[first_side ? 0 : 1];
  const TcpSide& peer = track.sides[first_side ? 1 : 0];
  if (peer.unacked.head_block != kNoSlot) __builtin_prefetch(&blocks_.at(peer.unacked.head_block), 1);
  if (packet.payload_bytes != 0 && own.unacked.tail_block != kNoSlot) {
    __builtin_prefetch(&blocks_.at(own.unacked.tail_block), 1);
  }
}

// A flow of a batch may have left since it was guessed, and another may have its slot or its endpoints.
FlowTable::Found FlowTable::find_near(const Packet& packet, const Pending& pending) const {
  if (pending.slot != kNoSlot) {
    const FlowRecord& record = records_.at(pending.slot);
    const int side = side_of(record, packet);
    if (side >= 0 && record.has(kLive) && !record.has(kDetached)) return {pending.slot, static_cast<unsigned>(side)};
  }
  const std::uint32_t slot = find(packet, pending.hash);
  if (slot == kNoSlot) return {};
  return {slot, static_cast<unsigned>(side_of(records_.at(slot), packet))};
}

Added FlowTable::update(const PacketIn& in, const Pending& pending) {
  const Packet& packet = *in.packet;
  const TimeNs time_ns = std::clamp<TimeNs>(in.time_ns, 0, kTimeMaxNs);
  ++counters_.packets;
  const bool late = time_ns < clock_ns_;
  if (!late) clock_ns_ = time_ns;

  auto [slot, side] = continued(packet, pending);
  Added out;
  out.first = slot == kNoSlot;
  if (out.first) {
    slot = open(packet, time_ns, pending.hash);
    side = 0;
  }
  out.slot = slot;

  FlowRecord& record = records_.at(slot);
  count(record, side, packet, time_ns, in.wire_bytes);
  if (late) count_late(record, time_ns, clock_ns_);
  if (packet.first_fragment || packet.later_fragment) ++record.fragments;
  if (is_segment(packet)) {
    if (needs_flags(record, packet)) {
      follow_flags(record, side, packet);
      if ((record.closed() || record.has(kResetSeen)) && !record.has(kEnded)) end(slot);
    }
    if (record.track != kNoSlot) out.classes = measure_segment(record, side, packet, time_ns);
  }
  out.id = record.id;
  out.outward = side == record.initiator();
  return out;
}

std::uint16_t FlowTable::measure_segment(FlowRecord& record, unsigned side, const Packet& packet, TimeNs time_ns) {
  TcpTrack& track = tracks_.at(record.track);
  if (packet.first_fragment) {
    pass_over(track, side);
    return 0;
  }
  const Measured measured = measure(track, blocks_, side, packet, time_ns);
  if (!measured.counted) stop_measuring(record);
  return measured.classes;
}

FlowTable::Found FlowTable::continued(const Packet& packet, const Pending& pending) {
  const Found found = find_near(packet, pending);
  if (found.slot == kNoSlot) return {};
  const FlowRecord& record = records_.at(found.slot);
  if (record.protocol == model::kProtocolUdp) {
    if (options_.udp_idle_ns == 0 || clock_ns_ - record.touched_ns() < options_.udp_idle_ns) return found;
    ++counters_.expired;
    give_out(found.slot);
    return {};
  }
  if (!is_segment(packet) || (packet.tcp_flags & (kSyn | kAck)) != kSyn) return found;
  if (!record.has_first_seq(found.side)) return found;
  if (record.first_seq[found.side] != packet.seq) {
    detach(found.slot);
    return {};
  }
  if (record.track != kNoSlot) reopen(tracks_.at(record.track), found.side);
  return found;
}

std::uint32_t FlowTable::open(const Packet& packet, TimeNs time_ns, std::uint64_t hash) {
  if (records_.full()) make_room();
  const std::uint32_t slot = records_.take();
  FlowRecord& record = records_.at(slot);
  begin(record, packet, time_ns);
  record.set(kLive);
  record.id = counters_.flows++;
  record.hash = static_cast<std::uint32_t>(hash);
  if (options_.measure && packet.protocol == model::kProtocolTcp) start_measuring(record);
  index_.insert(hash, slot);
  if (ages_used_) ages_.put(slot, clock_ns_);
  counters_.flows_high_water = std::max(counters_.flows_high_water, records_.taken());
  return slot;
}

void FlowTable::note_icmp_error(const Packet& quoted) {
  const std::uint32_t slot = find(quoted);
  if (slot != kNoSlot) ++records_.at(slot).icmp_errors;
}

FlowRow FlowTable::row(std::uint32_t slot) const {
  const FlowRecord& record = records_.at(slot);
  FlowRow row;
  row.slot = slot;
  write_row(record, row);
  if (record.track != kNoSlot) write_row(tracks_.at(record.track), blocks_, record.initiator(), row);
  return row;
}

void FlowTable::write_all(FlowRowSink& sink) const {
  std::vector<std::uint32_t> slots;
  slots.reserve(records_.taken());
  for (std::uint32_t slot = 0; slot < records_.slots(); ++slot) {
    if (records_.at(slot).has(kLive)) slots.push_back(slot);
  }
  std::ranges::sort(slots, {}, [&](std::uint32_t slot) { return records_.at(slot).id; });
  for (const std::uint32_t slot : slots) sink.take(row(slot));
}

std::uint64_t FlowTable::bytes_used() const {
  return index_.bytes() + records_.bytes() + tracks_.bytes() + blocks_.bytes() + ages_.bytes();
}

}  // namespace ipm::decode::flow

#include <cstring>

#include "guard.h"

namespace ipm::capi {
namespace {

ipm_eviction of(std::int32_t what, std::uint64_t process) {
  ipm_eviction out{};
  out.struct_size = sizeof out;
  out.what = what;
  out.process = process;
  return out;
}

}  // namespace

void EvictionTeller::flow_evicted(const core::FlowRow& row) {
  const bool owned = row.owner != 0 || row.rule == model::Rule::kEvicted;  // Else owner_ref is only the likeliest.
  ipm_eviction out = of(IPM_EVICTED_CONNECTION, owned ? row.owner_ref : 0);
  out.flow = row.cookie;
  static_assert(sizeof out.tuple == sizeof row.tuple);
  std::memcpy(&out.tuple, &row.tuple, sizeof out.tuple);
  out.layer = static_cast<std::uint8_t>(row.layer);
  out.measured = row.measured;
  out.quality = static_cast<std::uint8_t>(row.quality);
  out.open = row.open() ? 1 : 0;
  out.first_seen_ns = row.opened_ns;
  out.last_seen_ns = row.last_seen_ns;
  out.tx_bytes = row.tx_bytes;
  out.rx_bytes = row.rx_bytes;
  out.tx_packets = row.tx_packets;
  out.rx_packets = row.rx_packets;
  out.tx_unattributed = row.tx_unattributed;
  out.rx_unattributed = row.rx_unattributed;
  callback_(&out, user_);
}

void EvictionTeller::process_evicted(const core::ProcessRow& row) {
  ipm_eviction out = of(IPM_EVICTED_PROCESS, row.key.ref());
  constexpr std::uint8_t kBytesAndPackets = 15;
  out.measured = row.activity.measured & kBytesAndPackets;
  const bool attributed = row.activity.quality_worst != 0xff;
  out.quality = attributed ? row.activity.quality_worst : std::uint8_t{IPM_QUALITY_UNKNOWN};
  out.open = row.exited_ns == 0 ? 1 : 0;
  out.first_seen_ns = row.activity.first_seen_ns;
  out.last_seen_ns = row.activity.last_seen_ns;
  const core::Traffic bytes = row.activity.total();
  out.tx_bytes = bytes.tx;
  out.rx_bytes = bytes.rx;
  out.tx_packets = row.activity.packets.tx;
  out.rx_packets = row.activity.packets.rx;
  static_assert(sizeof out.comm == sizeof row.comm);
  std::memcpy(out.comm, row.comm, sizeof out.comm);
  callback_(&out, user_);
}

}  // namespace ipm::capi

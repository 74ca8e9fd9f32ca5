#include "source/ebpf/losses.h"

#include <optional>

namespace ipm::source::ebpf {
namespace {

model::Loss loss_of(std::uint64_t events, std::optional<std::uint64_t> bytes,
                    model::ByteLayer layer = model::ByteLayer::kApp) {
  model::Loss out;
  out.what = model::LossWhat::kKernelBuffer;
  out.events = events;
  out.bytes = bytes.value_or(0);
  out.bytes_known = bytes ? 1 : 0;
  out.layer = layer;
  return out;
}

}  // namespace

Losses losses_of(const KernelCounters& grown, std::uint64_t refused, bool with_length, bool with_lifecycle) {
  Losses out;
  out.names = grown[IPM_COUNT_NAMES_FULL];
  out.records = grown[IPM_COUNT_RING_FULL] + refused;
  if (const std::uint64_t calls = grown[IPM_COUNT_MAP_FULL]; calls != 0) {
    const std::uint64_t bytes = grown[IPM_COUNT_MAP_FULL_TX] + grown[IPM_COUNT_MAP_FULL_RX];
    const std::uint64_t tcp = grown[IPM_COUNT_MAP_FULL_TCP];
    if (!with_lifecycle || tcp == 0) {
      out.events.push_back(loss_of(calls, bytes + tcp));
    } else {
      // The end of its connection tells those of TCP, so they are not lost. Until then nobody can say how many of them
      // are missing: the calls are lost with an unknown number of bytes.
      out.events.push_back(loss_of(calls, std::nullopt));
      if (bytes != 0) out.events.push_back(loss_of(0, bytes));
    }
  }
  if (const std::uint64_t failed = grown[IPM_COUNT_STORAGE_FAILED]; failed != 0) {
    out.events.push_back(loss_of(failed, std::nullopt));
  }
  if (out.records != 0) out.events.push_back(loss_of(out.records, std::nullopt));
  if (const std::uint64_t packets = grown[IPM_COUNT_PEERS_FULL]; !with_length && packets != 0) {
    const std::uint64_t bytes = grown[IPM_COUNT_PEERS_FULL_TX] + grown[IPM_COUNT_PEERS_FULL_RX];
    out.events.push_back(loss_of(packets, bytes, model::ByteLayer::kIp));
  }
  return out;
}

}  // namespace ipm::source::ebpf

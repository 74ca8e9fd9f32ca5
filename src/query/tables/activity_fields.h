// The columns that processes and apps have alike.
#pragma once

#include "model/attribution.h"
#include "model/event.h"
#include "query/tables/fields.h"

namespace ipm::query::activity {

using core::Activity;
using model::SocketData;

inline bool sent_measured(const Activity& a) {
  return (a.measured & SocketData::kTxBytes) != 0;
}
inline bool received_measured(const Activity& a) {
  return (a.measured & SocketData::kRxBytes) != 0;
}

// Nothing open, nothing moved: a measured zero. Only unmeasured flows: null.
inline Value bytes(const Activity& a, bool measured, std::uint64_t value) {
  return measured || a.unmeasured == 0 ? Value::of_u(value) : Value::null();
}
inline Value tx(const Activity& a) {
  return bytes(a, sent_measured(a), a.total().tx);
}
inline Value rx(const Activity& a) {
  return bytes(a, received_measured(a), a.total().rx);
}
inline Value tx_external(const Activity& a) {
  return bytes(a, sent_measured(a), a.external.tx);
}
inline Value rx_external(const Activity& a) {
  return bytes(a, received_measured(a), a.external.rx);
}
inline Value tx_packets(const Activity& a) {
  return if_measured((a.measured & SocketData::kTxPackets) != 0, a.packets.tx);
}
inline Value rx_packets(const Activity& a) {
  return if_measured((a.measured & SocketData::kRxPackets) != 0, a.packets.rx);
}
inline Value srtt(const Activity& a) {
  return if_measured((a.measured & Activity::kSrtt) != 0, a.srtt_us);
}
inline Value jitter(const Activity& a) {
  return if_measured((a.measured & Activity::kJitter) != 0, a.jitter_us);
}
inline Value failures(const Activity& a) {
  return if_measured((a.measured & Activity::kFailures) != 0, a.connect_failures);
}
inline Value resets(const Activity& a, std::uint64_t count) {
  return if_measured(a.resets_rx + a.resets_tx != 0, count);
}
inline Value retransmits(const Activity& a) {
  return if_measured((a.measured & Activity::kRetransmits) != 0, a.retransmits);
}
inline Value layer(const Activity& a) {
  return text_or_null(model::byte_layer_name(a.layer));
}
inline Value rate(const Activity& a, const core::Rate& r, const Snapshot& s, std::uint32_t window, bool measured) {
  if (!measured && a.unmeasured != 0) return Value::null();
  return Value::of_double(r.per_second(s.engine.now, window));
}
inline Value quality(const Activity& a) {
  if (a.quality_worst != 0xff) return Value::of_text(model::quality_name(static_cast<model::Quality>(a.quality_worst)));
  if (a.candidate.tx + a.candidate.rx != 0) return Value::of_text("candidate");
  return Value::null();
}
inline Value coverage(const Activity& a, std::string& scratch) {
  const auto bits = static_cast<std::uint8_t>(a.coverage | (a.unmeasured != 0 ? model::kNotMeasurable : 0));
  return built(scratch, model::coverage_text(bits));
}

}  // namespace ipm::query::activity

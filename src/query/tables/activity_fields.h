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

// Nothing open, nothing moved: a measured zero. Only unmeasured flows, or only the other direction measured: null.
inline bool nothing_moved(const Activity& a) {
  return a.unmeasured == 0 && (a.measured & SocketData::kBytes) == 0;
}
inline Value bytes(const Activity& a, bool measured, std::uint64_t value) {
  return measured || nothing_moved(a) ? Value::of_u(value) : Value::null();
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
  if (!measured && !nothing_moved(a)) return Value::null();
  return Value::of_double(r.per_second(s.engine.now, window));
}
inline Value quality(const Activity& a) {
  if (a.quality_worst != 0xff) return Value::of_text(model::quality_name(static_cast<model::Quality>(a.quality_worst)));
  if (a.candidate.tx + a.candidate.rx != 0) return Value::of_text("candidate");
  return Value::null();
}
inline Value coverage(const Snapshot& s, const Activity& a, bool alive, std::string& scratch) {
  const auto bits = static_cast<std::uint8_t>(a.coverage | (a.unmeasured != 0 ? model::kNotMeasurable : 0) |
                                              s.engine.loss_coverage(a.first_seen_ns, alive));
  return built(scratch, model::coverage_text(bits));
}

// --- the columns, for any row with an Activity ---

// Rate of a direction over a window of core/rates.h.
template <typename Row, bool kSent, std::uint32_t kWindow>
Value read_rate(const Snapshot& s, const Row& r, std::string&) {
  const Activity& a = r.activity;
  return kSent ? rate(a, a.tx_rate, s, kWindow, sent_measured(a))
               : rate(a, a.rx_rate, s, kWindow, received_measured(a));
}

inline constexpr const char* kUnmeasurable = "no part was measurable";
inline constexpr const char* kUncounted = "not counted by the source";
inline constexpr const char* kUnseen = "no source that can see them has seen one";

template <typename Row>
inline constexpr Field<Row> first_seen_field = {
    {"first_seen", kTime, "", "", "", "First event of it."},
    [](const Snapshot& s, const Row& r, std::string&) { return time_or_null(s, r.activity.first_seen_ns); }};
template <typename Row>
inline constexpr Field<Row> last_seen_field = {
    {"last_seen", kTime, "", "", "", "Last event of it."},
    [](const Snapshot& s, const Row& r, std::string&) { return time_or_null(s, r.activity.last_seen_ns); }};
template <typename Row>
inline constexpr Field<Row> tx_bytes_field = {
    {"tx_bytes", kInt, "bytes", "row", kUnmeasurable, "Payload sent."},
    [](const Snapshot&, const Row& r, std::string&) { return tx(r.activity); }};
template <typename Row>
inline constexpr Field<Row> rx_bytes_field = {
    {"rx_bytes", kInt, "bytes", "row", kUnmeasurable, "Payload received."},
    [](const Snapshot&, const Row& r, std::string&) { return rx(r.activity); }};
template <typename Row>
inline constexpr Field<Row> tx_bytes_external_field = {
    {"tx_bytes_external", kInt, "bytes", "row", kUnmeasurable, "Payload sent to addresses of scope external."},
    [](const Snapshot&, const Row& r, std::string&) { return tx_external(r.activity); }};
template <typename Row>
inline constexpr Field<Row> rx_bytes_external_field = {
    {"rx_bytes_external", kInt, "bytes", "row", kUnmeasurable, "Payload received from addresses of scope external."},
    [](const Snapshot&, const Row& r, std::string&) { return rx_external(r.activity); }};
template <typename Row>
inline constexpr Field<Row> tx_bytes_before_field = {
    {"tx_bytes_before", kInt, "bytes", "row", "none", "The part of tx_bytes from before a source was there to see it."},
    [](const Snapshot&, const Row& r, std::string&) {
      return if_measured(r.activity.before.tx != 0, r.activity.before.tx);
    }};
template <typename Row>
inline constexpr Field<Row> rx_bytes_before_field = {
    {"rx_bytes_before", kInt, "bytes", "row", "none", "The part of rx_bytes from before a source was there to see it."},
    [](const Snapshot&, const Row& r, std::string&) {
      return if_measured(r.activity.before.rx != 0, r.activity.before.rx);
    }};
template <typename Row>
inline constexpr Field<Row> frame_tx_bytes_field = {
    {"frame_tx_bytes", kInt, "bytes", "wire", "none, or not seen by the source",
     "Frames sent over packet sockets; in no other number."},
    [](const Snapshot&, const Row& r, std::string&) {
      return if_measured(r.activity.frame_tx_bytes != 0, r.activity.frame_tx_bytes);
    }};
template <typename Row>
inline constexpr Field<Row> tx_packets_field = {
    {"tx_packets", kInt, "packets", "", kUncounted, "Segments or datagrams sent."},
    [](const Snapshot&, const Row& r, std::string&) { return activity::tx_packets(r.activity); }};
template <typename Row>
inline constexpr Field<Row> rx_packets_field = {
    {"rx_packets", kInt, "packets", "", kUncounted, "Segments or datagrams received."},
    [](const Snapshot&, const Row& r, std::string&) { return activity::rx_packets(r.activity); }};
template <typename Row>
inline constexpr Field<Row> connects_field = {
    {"connects", kInt, "", "", "", "TCP connects that succeeded."},
    [](const Snapshot&, const Row& r, std::string&) { return Value::of_u(r.activity.connects); }};
template <typename Row>
inline constexpr Field<Row> accepts_field = {
    {"accepts", kInt, "", "", "", "TCP connections accepted."},
    [](const Snapshot&, const Row& r, std::string&) { return Value::of_u(r.activity.accepts); }};
template <typename Row>
inline constexpr Field<Row> connect_failures_field = {
    {"connect_failures", kInt, "", "", kUnseen, "TCP connects that were refused, timed out or found no way."},
    [](const Snapshot&, const Row& r, std::string&) { return failures(r.activity); }};
template <typename Row>
inline constexpr Field<Row> resets_rx_field = {
    {"resets_rx", kInt, "", "", kUnseen, "Established connections reset by the peer."},
    [](const Snapshot&, const Row& r, std::string&) { return resets(r.activity, r.activity.resets_rx); }};
template <typename Row>
inline constexpr Field<Row> resets_tx_field = {
    {"resets_tx", kInt, "", "", kUnseen, "Established connections aborted here."},
    [](const Snapshot&, const Row& r, std::string&) { return resets(r.activity, r.activity.resets_tx); }};
template <typename Row>
inline constexpr Field<Row> retransmits_field = {
    {"retransmits", kInt, "segments", "", kUncounted, "TCP segments sent again."},
    [](const Snapshot&, const Row& r, std::string&) { return activity::retransmits(r.activity); }};
template <typename Row>
inline constexpr Field<Row> connections_field = {
    {"connections", kInt, "", "", "", "Sockets open now, listeners among them."},
    [](const Snapshot&, const Row& r, std::string&) { return Value::of(r.activity.connections); }};
template <typename Row>
inline constexpr Field<Row> remotes_field = {
    {"remotes", kInt, "", "", "", "Distinct remote addresses so far."},
    [](const Snapshot&, const Row& r, std::string&) { return Value::of(r.activity.remotes); }};
template <typename Row>
inline constexpr Field<Row> srtt_us_field = {
    {"srtt_us", kInt, "us", "", "not measured", "Round-trip time, smoothed over its connections."},
    [](const Snapshot&, const Row& r, std::string&) { return srtt(r.activity); }};
template <typename Row>
inline constexpr Field<Row> jitter_us_field = {
    {"jitter_us", kInt, "us", "", "not measured", "Mean deviation of the round-trip time."},
    [](const Snapshot&, const Row& r, std::string&) { return jitter(r.activity); }};
template <typename Row>
inline constexpr Field<Row> tx_rate_field = {
    {"tx_rate", kReal, "bytes/s", "row", kUnmeasurable, "Sent per second, exponentially weighted over 10 s."},
    read_rate<Row, true, 1>};
template <typename Row>
inline constexpr Field<Row> rx_rate_field = {
    {"rx_rate", kReal, "bytes/s", "row", kUnmeasurable, "Received per second, exponentially weighted over 10 s."},
    read_rate<Row, false, 1>};
template <typename Row>
inline constexpr Field<Row> tx_rate_1s_field = {
    {"tx_rate_1s", kReal, "bytes/s", "row", kUnmeasurable, "Sent per second, over 1 s."}, read_rate<Row, true, 0>};
template <typename Row>
inline constexpr Field<Row> rx_rate_1s_field = {
    {"rx_rate_1s", kReal, "bytes/s", "row", kUnmeasurable, "Received per second, over 1 s."}, read_rate<Row, false, 0>};
template <typename Row>
inline constexpr Field<Row> tx_rate_60s_field = {
    {"tx_rate_60s", kReal, "bytes/s", "row", kUnmeasurable, "Sent per second, over 60 s."}, read_rate<Row, true, 2>};
template <typename Row>
inline constexpr Field<Row> rx_rate_60s_field = {
    {"rx_rate_60s", kReal, "bytes/s", "row", kUnmeasurable, "Received per second, over 60 s."},
    read_rate<Row, false, 2>};
template <typename Row>
inline constexpr Field<Row> layer_field = {
    {"layer", kText, "", "", "nothing was counted", "Where the bytes were counted: app, tcp, ip, wire or mixed.", true},
    [](const Snapshot&, const Row& r, std::string&) { return activity::layer(r.activity); }};
template <typename Row>
inline constexpr Field<Row> quality_field = {
    {"quality", kText, "", "", "no bytes were attributed", "The least certain attribution that gave it bytes.", true},
    [](const Snapshot&, const Row& r, std::string&) { return activity::quality(r.activity); }};
template <typename Row>
inline constexpr Field<Row> coverage_field = {
    {"coverage", kText, "", "", "", "What its numbers do not cover, or full.", true},
    [](const Snapshot& s, const Row& r, std::string& t) {
      bool alive = true;
      if constexpr (requires { r.exited_ns; }) alive = r.exited_ns == 0;
      return coverage(s, r.activity, alive, t);
    }};

}  // namespace ipm::query::activity

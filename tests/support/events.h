// Short ways to write events in tests.
#pragma once

#include <cstring>
#include <string_view>

#include "model/event.h"
#include "source/text_emitter.h"

namespace ipm::test {

inline constexpr TimeNs kT0 = 1'000 * kSecond;

inline model::FlowTuple tuple(std::uint16_t local_port, std::uint16_t remote_port,
                              std::string_view remote = "192.0.2.7", std::uint8_t protocol = model::kProtocolTcp,
                              std::string_view local = "10.0.0.1") {
  model::FlowTuple t;
  t.local = *model::IpAddress::parse(local);
  t.remote = *model::IpAddress::parse(remote);
  t.local_port = local_port;
  t.remote_port = remote_port;
  t.netns = 1;
  t.protocol = protocol;
  t.direction = model::Direction::kOut;
  return t;
}

inline model::Event text(TimeNs time, std::uint32_t id, std::string_view content) {
  return source::text_event(time, id, content, 0);
}

inline model::Event start(TimeNs time, model::ProcessKey key, std::string_view comm, std::uint32_t exe_text = 0,
                          std::uint32_t uid = 1000) {
  model::Process process;
  process.exe = exe_text;
  process.uid = uid;
  std::memcpy(process.comm, comm.data(), std::min<std::size_t>(comm.size(), 15));
  return model::make_event(time, model::EventKind::kProcessStart, key, 0, process);
}

inline model::Event exec(TimeNs time, model::ProcessKey key, std::string_view comm, std::uint32_t exe_text,
                         std::uint32_t uid = 1000) {
  model::Event event = start(time, key, comm, exe_text, uid);
  event.header.kind = model::EventKind::kProcessExec;
  return event;
}

inline model::Event exited(TimeNs time, model::ProcessKey key) {
  return model::make_event(time, model::EventKind::kProcessExit, key, 0, model::ProcessExit{});
}

inline model::Event open(TimeNs time, std::uint64_t cookie, const model::FlowTuple& t, model::ProcessKey process = {},
                         model::OpenHow how = model::OpenHow::kConnect,
                         model::TcpState state = model::TcpState::kEstablished) {
  model::SocketOpen payload;
  payload.tuple = t;
  payload.how = how;
  payload.state = t.protocol == model::kProtocolTcp ? state : model::TcpState::kNone;
  payload.quality = process.empty() ? model::Quality::kUnknown : model::Quality::kExact;
  payload.rule = process.empty() ? model::Rule::kNone : model::Rule::kConnect;
  return model::make_event(time, model::EventKind::kSocketOpen, process, cookie, payload);
}

inline model::Event data(TimeNs time, std::uint64_t cookie, const model::FlowTuple& t, std::uint64_t tx,
                         std::uint64_t rx, model::ProcessKey process = {},
                         model::ByteLayer layer = model::ByteLayer::kTcp, std::uint16_t flags = 0) {
  model::SocketData payload;
  payload.tuple = t;
  payload.layer = layer;
  payload.measured = model::SocketData::kBytes;
  payload.tx_bytes = tx;
  payload.rx_bytes = rx;
  return model::make_event(time, model::EventKind::kSocketData, process, cookie, payload, flags);
}

inline model::Event closed(TimeNs time, std::uint64_t cookie, const model::FlowTuple& t,
                           model::CloseReason reason = model::CloseReason::kOrderly) {
  model::SocketClose payload;
  payload.tuple = t;
  payload.reason = reason;
  return model::make_event(time, model::EventKind::kSocketClose, {}, cookie, payload);
}

inline model::Event owner(TimeNs time, std::uint64_t cookie, const model::FlowTuple& t,
                          std::initializer_list<model::ProcessKey> owners,
                          model::Rule rule = model::Rule::kOnlyHolder) {
  model::SocketOwner payload;
  payload.tuple = t;
  payload.holders = static_cast<std::uint16_t>(owners.size());
  payload.quality = owners.size() > 1    ? model::Quality::kCandidate
                    : owners.size() == 1 ? model::Quality::kExact
                                         : model::Quality::kUnknown;
  payload.rule = owners.size() > 1 ? model::Rule::kSharedHolders : rule;
  std::size_t i = 0;
  for (model::ProcessKey key : owners) payload.owners[i++] = key.ref();
  return model::make_event(time, model::EventKind::kSocketOwner, {}, cookie, payload);
}

inline model::Event answered(TimeNs time, std::uint32_t name, std::string_view address, std::uint32_t ttl_s,
                             std::uint16_t response_code = 0) {
  model::DnsAnswer payload;
  payload.tuple = tuple(40'000, 53, "192.0.2.53", model::kProtocolUdp);
  payload.name = name;
  payload.question_type = 1;
  payload.response_code = response_code;
  payload.address = *model::IpAddress::parse(address);
  payload.ttl_s = ttl_s;
  return model::make_event(time, model::EventKind::kDnsAnswer, {}, 0, payload);
}

inline model::Event hello(TimeNs time, std::uint64_t cookie, const model::FlowTuple& t, std::uint32_t sni,
                          std::uint32_t alpn = 0, std::uint32_t ja3 = 0, std::uint32_t ja4 = 0) {
  model::TlsHello payload;
  payload.tuple = t;
  payload.sni = sni;
  payload.alpn = alpn;
  payload.ja3 = ja3;
  payload.ja4 = ja4;
  return model::make_event(time, model::EventKind::kTlsHello, {}, cookie, payload);
}

}  // namespace ipm::test

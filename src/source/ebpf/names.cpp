#include "source/ebpf/names.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "decode/ja3.h"
#include "decode/ja4.h"
#include "source/ebpf/records.h"

namespace ipm::source::ebpf {
namespace {

constexpr std::size_t kAlpnBytesMax = 256;

// The local end is where it went out from, or where it came in to.
model::FlowTuple tuple_of(const decode::Packet& packet, bool outgoing) {
  model::FlowTuple out;
  out.local = outgoing ? packet.src : packet.dst;
  out.remote = outgoing ? packet.dst : packet.src;
  out.local_port = outgoing ? packet.src_port : packet.dst_port;
  out.remote_port = outgoing ? packet.dst_port : packet.src_port;
  out.protocol = packet.protocol;
  return out;
}

}  // namespace

void Names::take(std::span<const std::byte> bytes) {
  const auto record = record_as<ipm_record_packet>(bytes);
  if (!record || record->packet_bytes > bytes.size() - sizeof *record) return out_.malformed();
  const decode::Bytes data = bytes.subspan(sizeof *record, record->packet_bytes);
  decode::Packet packet;
  if (decode::parse_ip(data, packet) != decode::Verdict::kOk) return out_.filtered();  // No name is in it.
  const auto time = static_cast<TimeNs>(record->head.time_ns);
  switch (record->what) {
    case IPM_PACKET_DNS:
      return on_answer(record->cookie, packet, time);
    case IPM_PACKET_HELLO:
      return on_hello(record->cookie, packet, time);
    default:
      return out_.malformed();
  }
}

void Names::on_answer(std::uint64_t cookie, const decode::Packet& packet, TimeNs time) {
  const decode::Verdict verdict = decode::parse_dns(packet.payload, message_);
  if (verdict == decode::Verdict::kMalformed) return out_.malformed();
  if (verdict != decode::Verdict::kOk || !message_.is_response) return out_.filtered();
  const Sockets::Known known = sockets_.known(cookie);
  model::DnsAnswer answer;
  answer.tuple = tuple_of(packet, false);
  answer.tuple.netns = known.tuple.netns;
  answer.name = out_.text(message_.name.view(), time);
  answer.question_type = message_.question_type;
  answer.response_code = message_.response_code;
  const auto tell = [&] {
    out_.write(model::make_event(time, model::EventKind::kDnsAnswer, known.owner, cookie, answer));
  };
  if (message_.addresses == 0) return tell();
  for (std::uint8_t i = 0; i < message_.addresses; ++i) {
    answer.address = message_.address[i].address;
    answer.ttl_s = message_.address[i].ttl_s;
    tell();
  }
}

void Names::on_hello(std::uint64_t cookie, const decode::Packet& packet, TimeNs time) {
  auto found = hellos_.find(cookie);
  if (found == hellos_.end()) {
    if (hellos_.size() >= kHellosMax) give_up(by_age_.front());
    if (!spare_) spare_ = std::make_unique<decode::HelloAssembler>();
    spare_->reset(packet.seq);  // The kernel side sends a stream from its first payload byte on.
    found = hellos_.emplace(cookie, std::move(spare_)).first;
    by_age_.push_back(cookie);
  }
  const auto state = found->second->feed(packet.seq, packet.payload);
  if (state == decode::HelloAssembler::State::kWaiting) return;
  if (state == decode::HelloAssembler::State::kDone) {
    tell_hello(cookie, packet, found->second->hello(), time);
  } else {
    out_.filtered();
  }
  give_up(cookie);
}

void Names::give_up(std::uint64_t cookie) {
  const auto found = hellos_.find(cookie);
  spare_ = std::move(found->second);
  hellos_.erase(found);
  by_age_.erase(std::find(by_age_.begin(), by_age_.end(), cookie));
}

void Names::tell_hello(std::uint64_t cookie, const decode::Packet& packet, const decode::TlsHello& hello, TimeNs time) {
  const Sockets::Known known = sockets_.known(cookie);
  model::TlsHello event;
  event.tuple = known.tuple.protocol != 0 ? known.tuple : tuple_of(packet, true);
  event.sni = out_.text(hello.sni(), time);
  std::array<char, kAlpnBytesMax> alpn;
  event.alpn = out_.text({alpn.data(), decode::alpn_text(hello, alpn.data(), alpn.size())}, time);
  if (const auto ja3 = decode::ja3(hello, digests_)) event.ja3 = out_.text(ja3->view(), time);
  if (const auto ja4 = decode::ja4(hello, decode::HelloTransport::kTls, digests_)) {
    event.ja4 = out_.text(ja4->view(), time);
  }
  if (hello.has_ech) event.flags |= model::TlsHello::kEch;
  out_.write(model::make_event(time, model::EventKind::kTlsHello, known.owner, cookie, event));
}

}  // namespace ipm::source::ebpf

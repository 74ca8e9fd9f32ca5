#include "source/ebpf/names.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "decode/ja3.h"
#include "decode/ja4.h"
#include "source/ebpf/records.h"

namespace ipm::source::ebpf {
namespace {

constexpr std::size_t kAlpnBytesMax = 256;
constexpr std::uint64_t kRoomForAnswer = 64;  // Its addresses, and the parts of its name.

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
      return on_answer(*record, packet, time);
    case IPM_PACKET_HELLO:
      return on_hello(*record, packet, time);
    default:
      return out_.malformed();
  }
}

void Names::on_answer(const ipm_record_packet& record, const decode::Packet& packet, TimeNs time) {
  const decode::Verdict verdict = decode::parse_dns(packet.payload, message_);
  if (verdict == decode::Verdict::kMalformed) return out_.malformed();
  if (verdict != decode::Verdict::kOk || !message_.is_response) return out_.filtered();
  Answer answer;
  answer.time = time;
  answer.event.tuple = tuple_of(packet, false);
  answer.event.tuple.netns = record.netns;
  answer.event.question_type = message_.question_type;
  answer.event.response_code = message_.response_code;
  answer.name = message_.name.view();
  answer.addresses.assign(message_.address, message_.address + message_.addresses);
  const Sockets::Introduced asker = sockets_.introduce(record.cookie, answer.event.tuple, time);
  if (!asker.owner.empty() || held_count_ >= kHeldMax) return tell(answer, asker);
  held_[record.cookie].push_back(std::move(answer));
  ++held_count_;
}

void Names::tell(const Answer& answer, const Sockets::Introduced& asker) {
  model::DnsAnswer event = answer.event;
  event.name = out_.text(answer.name, answer.time);
  const auto write = [&] {
    out_.write(model::make_event(answer.time, model::EventKind::kDnsAnswer, asker.owner, asker.flow, event));
  };
  if (answer.addresses.empty()) return write();
  for (const decode::DnsAddress& address : answer.addresses) {
    event.address = address.address;
    event.ttl_s = address.ttl_s;
    write();
  }
}

void Names::tell_held(std::uint64_t cookie, TimeNs now, model::ProcessKey closer, bool all) {
  const auto found = held_.find(cookie);
  if (found == held_.end()) return;
  held_count_ -= std::erase_if(found->second, [&](const Answer& answer) {
    if (out_.room() < kRoomForAnswer) return false;
    const Sockets::Introduced asker = sockets_.introduce(cookie, answer.event.tuple, now, closer);
    if (asker.owner.empty() && !all) return false;
    tell(answer, asker);
    return true;
  });
  if (found->second.empty()) held_.erase(found);
}

void Names::used(std::uint64_t cookie) {
  if (const auto found = held_.find(cookie); found != held_.end()) {
    tell_held(cookie, found->second.front().time, {}, false);
  }
}

void Names::closing(const ipm_record_owner& record) {
  tell_held(record.cookie, time_of(record.head.time_ns), key_of(record.actor), false);
}

bool Names::settle(std::uint32_t tick, TimeNs now, std::uint64_t room_min) {
  for (auto each = held_.begin(); each != held_.end();) {
    if (out_.room() < room_min) return false;
    const std::uint64_t cookie = each->first;
    std::uint32_t& held_in = (each++)->second.front().held_in;
    if (held_in == 0) held_in = tick;
    tell_held(cookie, now, {}, held_in != tick);
  }
  return true;
}

void Names::on_hello(const ipm_record_packet& record, const decode::Packet& packet, TimeNs time) {
  const std::uint64_t cookie = record.cookie;
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
    tell_hello(record, packet, found->second->hello(), time);
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

void Names::tell_hello(const ipm_record_packet& record, const decode::Packet& packet, const decode::TlsHello& hello,
                       TimeNs time) {
  const Sockets::Known known = sockets_.known(record.cookie);
  model::TlsHello event;
  event.tuple = tuple_of(packet, true);
  event.tuple.netns = record.netns;
  if (known.tuple.protocol != 0) event.tuple = known.tuple;
  event.sni = out_.text(hello.sni(), time);
  std::array<char, kAlpnBytesMax> alpn;
  event.alpn = out_.text({alpn.data(), decode::alpn_text(hello, alpn.data(), alpn.size())}, time);
  if (const auto ja3 = decode::ja3(hello, digests_)) event.ja3 = out_.text(ja3->view(), time);
  if (const auto ja4 = decode::ja4(hello, decode::HelloTransport::kTls, digests_)) {
    event.ja4 = out_.text(ja4->view(), time);
  }
  if (hello.has_ech) event.flags |= model::TlsHello::kEch;
  out_.write(model::make_event(time, model::EventKind::kTlsHello, known.owner, record.cookie, event));
}

}  // namespace ipm::source::ebpf

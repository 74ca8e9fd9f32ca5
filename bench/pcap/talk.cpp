#include "pcap/talk.h"

#include <algorithm>
#include <utility>

#include "decode/ip.h"

namespace ipm::bench {
namespace {

constexpr std::uint8_t kSyn = decode::kSyn, kAck = decode::kAck, kPsh = decode::kPsh, kFin = decode::kFin,
                       kRst = decode::kRst;
constexpr std::uint32_t kSegmentBytes = 1'448;
constexpr std::uint32_t kTextBytesMax = 4 * 1024 * 1024;
constexpr TimeNs kSerialNs = 12 * kMicrosecond;  // Of a full segment at 1 Gbit/s.
constexpr std::uint64_t kLostOneIn = 120, kReorderedOneIn = 250;

}  // namespace

Talk::Talk(TimeNs begin_ns, Random& random)
    : random_(random),
      now_ns_(begin_ns),
      round_trip_ns_(5 * kMillisecond + static_cast<TimeNs>(random.below(120 * kMillisecond))) {
  for (Side& side : sides_) {
    side.next_seq = static_cast<std::uint32_t>(random.next());
    side.ip_id = static_cast<std::uint16_t>(random.next() | 1);
  }
}

void Talk::datagram(bool outward, Piece payload) {
  Sent one;
  one.time_ns = now_ns_;
  one.payload = payload;
  one.ip_id = ++sides_[outward ? 0 : 1].ip_id;
  one.outward = outward;
  sent_.push_back(one);
}

Sent Talk::segment(bool outward, std::uint8_t flags, Piece payload) {
  Side& own = sides_[outward ? 0 : 1];
  const Side& peer = sides_[outward ? 1 : 0];
  Sent one;
  one.time_ns = now_ns_;
  one.seq = own.next_seq;
  one.ack = (flags & kAck) != 0 ? peer.next_seq : 0;
  one.ts_value = own.newest_ts = static_cast<std::uint32_t>(now_ns_ / kMillisecond) + (outward ? 77 : 1'234'567);
  one.ts_echo = (flags & kAck) != 0 ? peer.newest_ts : 0;
  one.payload = payload;
  one.ip_id = ++own.ip_id;
  one.flags = flags;
  one.outward = outward;
  own.next_seq += payload.bytes + ((flags & (kSyn | kFin)) != 0 ? 1 : 0);
  return one;
}

void Talk::connect() {
  add(true, kSyn);
  wait(round_trip_ns_);
  add(false, kSyn | kAck);
  wait(30 * kMicrosecond);
  add(true, kAck);
  wait(50 * kMicrosecond);
}

void Talk::disconnect() {
  wait_up_to(2 * kSecond);
  add(true, kFin | kAck);
  wait(round_trip_ns_);
  add(false, kFin | kAck);
  wait(30 * kMicrosecond);
  add(true, kAck);
}

// In windows that double, each acknowledged every second segment. `from`: where the bytes lie; they repeat.
void Talk::say(bool outward, std::uint32_t from, std::uint32_t bytes) {
  std::uint32_t window = 10, in_window = 0, at = 0;
  while (at < bytes) {
    const std::uint32_t now_bytes = std::min(kSegmentBytes, bytes - at);
    const bool last = at + now_bytes == bytes;
    const Piece piece{from + at % (Payloads::kBulkBytes - kSegmentBytes), now_bytes};
    const Sent one = segment(outward, static_cast<std::uint8_t>(kAck | (last ? kPsh : 0)), piece);
    at += now_bytes;
    if (!last && random_.one_in(kLostOneIn)) {
      lose(outward, one);
      continue;
    }
    sent_.push_back(one);
    Sent& before = sent_[sent_.size() - 2];
    const bool in_a_row = before.outward == outward && before.payload.bytes != 0;
    if (in_a_row && random_.one_in(kReorderedOneIn)) std::swap(sent_.back().time_ns, before.time_ns);
    wait(kSerialNs);
    if (++in_window % 2 == 0 || last) {
      const TimeNs back_ns = outward ? round_trip_ns_ : 20 * kMicrosecond;
      wait(back_ns);
      add(!outward, kAck);
      now_ns_ -= last ? 0 : back_ns;
    }
    if (in_window < window) continue;
    in_window = 0;
    window = std::min<std::uint32_t>(window * 2, 320);
    wait(round_trip_ns_);
  }
}

// Three acknowledgements of what came before it, then the segment (again) and one for all. Seen twice where it was
// lost behind the point of capture.
void Talk::lose(bool outward, const Sent& segment) {
  if (outward) sent_.push_back(segment);
  const TimeNs way_ns = outward ? round_trip_ns_ : 20 * kMicrosecond;
  for (int i = 0; i < 3; ++i) {
    wait(kSerialNs + (i == 0 ? way_ns : 0));
    add(!outward, kAck);
    sent_.back().ack = segment.seq;
  }
  wait(outward ? 100 * kMicrosecond : round_trip_ns_);
  sent_.push_back(segment);
  sent_.back().time_ns = now_ns_;
  sent_.back().ts_value = static_cast<std::uint32_t>(now_ns_ / kMillisecond) + (outward ? 77 : 1'234'567);
  sent_.back().ip_id = ++sides_[outward ? 0 : 1].ip_id;
  wait(way_ns);
  add(!outward, kAck);
}

// Heavy-tailed: 300 to 2,000, doubled again and again.
std::uint32_t Talk::some_bytes() {
  auto bytes = 300 + static_cast<std::uint32_t>(random_.below(1'700));
  while (bytes < kTextBytesMax && random_.below(100) < 43) bytes *= 2;
  return bytes;
}

void Talk::dns(const Payloads& payloads, std::uint32_t site) {
  datagram(true, payloads.query(site));
  wait_up_to(40 * kMillisecond);
  datagram(false, payloads.answer(site));
}

void Talk::datagrams(const Payloads& payloads) {
  for (std::uint64_t left = 1 + random_.below(9); left > 0; --left) {
    datagram(true, {payloads.sealed() + 64, 40 + static_cast<std::uint32_t>(random_.below(160))});
    wait(round_trip_ns_);
    datagram(false, {payloads.sealed() + 256, 40 + static_cast<std::uint32_t>(random_.below(1'160))});
    wait_up_to(kSecond);
  }
}

void Talk::call(const Payloads& payloads) {
  for (std::uint64_t left = 300 + random_.below(700); left > 0; --left) {
    datagram(true, {payloads.sealed() + 64, 172});
    wait(7 * kMillisecond);
    datagram(false, {payloads.sealed() + 256, 172});
    wait(13 * kMillisecond);
  }
}

void Talk::tls(const Payloads& payloads, std::uint32_t site) {
  connect();
  add(true, kPsh | kAck, payloads.hello(site));
  wait(round_trip_ns_);
  add(false, kAck);
  say(false, payloads.flight(), 3'800);
  add(true, kPsh | kAck, {payloads.sealed(), 80});
  for (std::uint64_t left = 1 + random_.below(2); left > 0; --left) {
    add(true, kPsh | kAck, {payloads.sealed(), 200 + static_cast<std::uint32_t>(random_.below(1'000))});
    wait(round_trip_ns_ + kMillisecond);
    say(false, payloads.sealed(), some_bytes());
    wait_up_to(3 * kSecond);
  }
  disconnect();
}

void Talk::http(const Payloads& payloads) {
  connect();
  if (random_.one_in(8)) {
    say(true, payloads.text(), some_bytes());
  } else {
    add(true, kPsh | kAck, payloads.request());
  }
  wait(round_trip_ns_);
  say(false, payloads.text(), some_bytes());
  disconnect();
}

void Talk::refused() {
  add(true, kSyn);
  wait(round_trip_ns_);
  add(false, kRst | kAck);
}

void Talk::unanswered() {
  const std::uint32_t first_seq = sides_[0].next_seq;
  for (const TimeNs pause_ns : {kSecond, 2 * kSecond, TimeNs{0}}) {
    sides_[0].next_seq = first_seq;
    add(true, kSyn);
    wait(pause_ns);
  }
}

std::vector<Sent> Talk::take() {
  std::ranges::stable_sort(sent_, {}, &Sent::time_ns);
  return std::move(sent_);
}

}  // namespace ipm::bench

// Frames of any link type, one after the other through the table of fragments: payloads lie within their frames, views
// hold together, and the short way to IP sees what the way layer by layer does.
//
// Input: link type (2 bytes, little-endian), then frames, each behind its length (2 bytes, little-endian).
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "decode/fragments.h"

using namespace ipm::decode;

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

void check(const Packet& packet, Bytes bytes) {
  expect(packet.payload.size() <= packet.payload_bytes);
  expect(!(packet.first_fragment && packet.later_fragment));
  if (packet.payload.empty()) return;
  expect(packet.payload.data() >= bytes.data());
  expect(packet.payload.data() + packet.payload.size() <= bytes.data() + bytes.size());
}

bool same(const Packet& a, const Packet& b) {
  return a.src == b.src && a.dst == b.dst && a.src_port == b.src_port && a.dst_port == b.dst_port &&
         a.protocol == b.protocol && a.ip_bytes == b.ip_bytes && a.payload_bytes == b.payload_bytes &&
         a.ports_only == b.ports_only && a.first_fragment == b.first_fragment && a.later_fragment == b.later_fragment &&
         a.payload.size() == b.payload.size();
}

void check(std::uint16_t link_type, Bytes bytes, Frame& frame) {
  const auto original_bytes = static_cast<std::uint32_t>(bytes.size() + 16);
  const Verdict verdict = parse_frame(link_type, bytes, original_bytes, frame);
  if (verdict == Verdict::kOk) {
    check(frame.inner, bytes);
    check(frame.outer(), bytes);
    expect(frame.inner.later_fragment || frame.inner.protocol == 6 || frame.inner.protocol == 17);
    expect(!frame.outer().later_fragment || !frame.tunnelled);
  }
  expect(frame.first_fragments <= 2);
  if (frame.has_icmp_error) expect(frame.icmp_error.quoted.payload.empty());

  // Per-packet information (link type 192) names the link type and takes the long way.
  if (link_type == 192) return;
  std::vector<std::byte> named(8 + bytes.size());
  named[2] = std::byte{8};
  named[4] = static_cast<std::byte>(link_type & 0xff);
  named[5] = static_cast<std::byte>(link_type >> 8);
  if (!bytes.empty()) std::memcpy(named.data() + 8, bytes.data(), bytes.size());
  Frame other;
  expect(parse_frame(192, named, original_bytes + 8, other) == verdict);
  expect(other.direction == frame.direction && other.has_icmp_error == frame.has_icmp_error);
  if (verdict != Verdict::kOk) return;
  expect(other.tunnelled == frame.tunnelled && other.tunnel == frame.tunnel);
  expect(same(other.inner, frame.inner) && same(other.outer(), frame.outer()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto link_type = static_cast<std::uint16_t>(data[0] | (data[1] << 8));
  FragmentTable table({.datagrams_max = 2, .waiting_max = 2, .timeout_ns = 8});
  Frame frame;
  std::uint64_t later = 0;
  ipm::TimeNs time = 0;
  for (std::size_t at = 2; at + 2 <= size; ++time) {
    std::size_t length = data[at] | (std::size_t{data[at + 1]} << 8);
    at += 2;
    length = length < size - at ? length : size - at;
    const std::vector<std::byte> exact(reinterpret_cast<const std::byte*>(data + at),
                                       reinterpret_cast<const std::byte*>(data + at) + length);
    at += length;
    check(link_type, exact, frame);
    if (parse_frame(link_type, exact, 0, frame) != Verdict::kOk || !FragmentTable::needed(frame)) continue;
    later += frame.inner.later_fragment;
    const FragmentTable::Ready ready = table.join(frame, time, static_cast<std::uint32_t>(length));
    expect(ready.outer || !ready.inner);
    for (JoinedFragment fragment; table.next_joined(fragment);) expect(fragment.has_inner && fragment.time_ns <= time);
    expect(table.waiting() <= 2);
  }
  expect(table.counters().joined + table.counters().orphans + table.waiting() == later);
  return 0;
}

#include "source/pcap/pcap_reader.h"

#include <algorithm>
#include <span>
#include <string>

namespace ipm::source::pcap {
namespace {

constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr std::uint32_t kNanoseconds = 0xa1b23c4d;
constexpr std::uint32_t kModified = 0xa1b2cd34;
constexpr std::uint32_t kFileHeaderBytes = 24;

constexpr std::uint32_t kPlain = 16;
constexpr std::uint32_t kNokia = 20;
constexpr std::uint32_t kKuznetzov = 24;
constexpr std::uint32_t kSuse = 28;
constexpr std::uint32_t kRecordsTried = 3;

// AIX writes version 2.2, nanoseconds, and interface types (RFC 1573) that no other writer of that version has used as
// link types. 0: this is none.
struct AixLink {
  std::uint32_t interface_type;
  std::uint16_t link_type;
  std::uint32_t padding_bytes;  // Before each frame.
};
constexpr AixLink kAixLinks[] = {{6, 1, 0}, {9, 6, 0}, {15, 10, 3}, {24, 0, 0}};  // Ethernet, token ring, FDDI, loop.

}  // namespace

bool PcapReader::is_pcap(const std::byte* first_four) {
  ByteOrder order;
  return ByteOrder::of_magic(first_four, kMicroseconds, order) ||
         ByteOrder::of_magic(first_four, kNanoseconds, order) || ByteOrder::of_magic(first_four, kModified, order);
}

Status PcapReader::begin(CaptureBytes& bytes, CaptureFacts& facts) {
  if (Status status = bytes.need(kFileHeaderBytes); !status.ok()) return header_status(status, bytes, "pcap");
  const std::byte* header = bytes.data();
  const bool modified = ByteOrder::of_magic(header, kModified, order_);
  const bool nanoseconds = ByteOrder::of_magic(header, kNanoseconds, order_);
  if (!modified && !nanoseconds) ByteOrder::of_magic(header, kMicroseconds, order_);
  if (nanoseconds) fraction_ns_ = 1;

  const std::uint16_t major = order_.u16(header + 4);
  const std::uint16_t minor = order_.u16(header + 6);
  if (major < 2) {
    return Status::unsupported("pcap of version " + std::to_string(major) + "." + std::to_string(minor) +
                               ": only 2.0 and later can be read");
  }
  // Before 2.3 the two lengths stood the other way round; some programs said 2.3 and had not changed them. DG/UX says
  // 543.0 and has not either.
  if ((major == 2 && minor < 3) || major == 543) lengths_ = Lengths::kOriginalFirst;
  if (major == 2 && minor == 3) lengths_ = Lengths::kLesserFirst;

  snap_bytes_ = order_.u32(header + 16);
  const std::uint32_t link = order_.u32(header + 20);
  link_type_ = static_cast<std::uint16_t>(link);
  // The upper half: whether there is a frame check sequence (bit 26), and of how many 16-bit words (28 to 31).
  if ((link & 0x0400'0000) != 0) fcs_bytes_ = static_cast<std::uint8_t>((link >> 28) * 2);
  const bool plain_magic = !modified && !nanoseconds;
  const auto* aix = std::find_if(std::begin(kAixLinks), std::end(kAixLinks),
                                 [&](const AixLink& known) { return known.interface_type == link; });
  const bool is_aix = plain_magic && major == 2 && minor == 2 && aix != std::end(kAixLinks);
  if (is_aix) {
    link_type_ = aix->link_type;
    padding_bytes_ = aix->padding_bytes;
    fraction_ns_ = 1;
  }
  bytes.take(kFileHeaderBytes);
  if (!is_aix && !nanoseconds) choose_layout(bytes, modified);
  if (header_bytes_ == kKuznetzov || header_bytes_ == kSuse) packet_type_at_ = 22;

  CapturedInterface one;
  one.link_type = link_type_;
  one.fcs_bytes = fcs_bytes_;
  one.snap_bytes = snap_bytes_;
  facts.interfaces.clear();
  facts.interfaces.push_back(std::move(one));
  facts.sections = 1;
  return Status::success();
}

void PcapReader::choose_layout(CaptureBytes& bytes, bool modified) {
  constexpr std::uint32_t kUsual[] = {kPlain, kKuznetzov, kNokia};
  constexpr std::uint32_t kPatched[] = {kKuznetzov, kSuse};
  const std::span<const std::uint32_t> known = modified ? std::span<const std::uint32_t>(kPatched) : kUsual;
  header_bytes_ = known.front();
  for (const std::uint32_t header_bytes : known) {
    if (!makes_sense(bytes, header_bytes)) continue;
    header_bytes_ = header_bytes;
    return;
  }
}

bool PcapReader::makes_sense(CaptureBytes& bytes, std::uint32_t header_bytes) const {
  std::size_t at = 0;
  for (std::uint32_t record = 0; record < kRecordsTried; ++record) {
    const Status has_header = bytes.need(at + header_bytes);
    // The end of the records, or a pipe whose writer is not done.
    if (has_header.code() == Code::kTimeout || bytes.ready() == at) return true;
    if (!has_header.ok()) return false;
    const RecordHeader header = record_header(bytes.data() + at);
    if (!makes_sense(header)) return false;
    at += header_bytes + header.captured;
    const Status has_packet = bytes.need(at);
    if (has_packet.code() == Code::kTimeout) return true;
    if (!has_packet.ok()) return false;
  }
  return true;
}

bool PcapReader::makes_sense(const RecordHeader& header) const {
  return header.fraction < 1'000'000 && header.captured <= kPacketBytesMax && header.captured <= snap_bytes_ &&
         header.captured <= header.original && header.original <= kBusPacketBytesMax;
}

PcapReader::RecordHeader PcapReader::record_header(const std::byte* at) const {
  RecordHeader header{order_.u32(at), order_.u32(at + 4), order_.u32(at + 8), order_.u32(at + 12)};
  const bool swap =
      lengths_ == Lengths::kOriginalFirst || (lengths_ == Lengths::kLesserFirst && header.captured > header.original);
  if (swap) std::swap(header.captured, header.original);
  return header;
}

Status PcapReader::next(CaptureBytes& bytes, CaptureFacts& facts, CapturedPacket& out) {
  if (Status status = bytes.need(header_bytes_); !status.ok()) {
    return record_status(std::move(status), bytes, header_bytes_, facts);
  }
  const RecordHeader header = record_header(bytes.data());
  if (too_long(header.captured, link_type_)) {
    // A sign that this is no record at all. What follows it is not looked for.
    ++facts.counters.malformed;
    facts.complain(bytes.offset(), "corrupt",
                   "a packet of " + std::to_string(header.captured) + " bytes; nothing behind it is read");
    return Status::end();
  }
  const std::size_t record_bytes = std::size_t{header_bytes_} + header.captured;
  const std::uint32_t kept = std::min(header.captured, kPacketBytesMax);
  if (Status status = bytes.need(std::size_t{header_bytes_} + kept); !status.ok()) {
    return record_status(std::move(status), bytes, record_bytes, facts);
  }
  if (kept < header.captured) ++facts.counters.cut;
  fill(header, bytes.data(), kept, out);
  bytes.skip(record_bytes);
  return Status::success();
}

void PcapReader::fill(const RecordHeader& header, const std::byte* record, std::uint32_t captured,
                      CapturedPacket& out) const {
  const std::uint32_t padding = std::min(padding_bytes_, captured);
  out.time_ns = TimeNs{header.seconds} * kSecond + TimeNs{header.fraction} * fraction_ns_;
  out.link_type = link_type_;
  out.fcs_bytes = fcs_bytes_;
  out.direction = PacketDirection::kUnknown;
  if (packet_type_at_ != 0) {
    // As in Linux: to us, broadcast, multicast, to others, outgoing.
    const auto type = std::to_integer<unsigned>(record[packet_type_at_]);
    if (type == 4) out.direction = PacketDirection::kOut;
    if (type < 3) out.direction = PacketDirection::kIn;
  }
  out.original_bytes = std::min(header.original - std::min(padding, header.original), kOriginalBytesMax);
  out.interface_index = 0;
  out.data = Bytes(record + header_bytes_ + padding, captured - padding);
  out.process = nullptr;
}

}  // namespace ipm::source::pcap

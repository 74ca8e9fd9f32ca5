#include "source/pcap/snoop_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "decode/cursor.h"

namespace ipm::source::pcap {
namespace {

using decode::Cursor;

constexpr std::size_t kFileHeaderBytes = 16;
constexpr std::size_t kRecordHeaderBytes = 24;
constexpr std::size_t kShomitiTrailerBytes = 16;
constexpr std::uint16_t kEthernet = 1;
constexpr std::uint16_t kTokenRing = 6;
constexpr std::uint16_t kFddi = 10;
constexpr std::uint16_t kNoLinkType = 0xffff;  // Not a LINKTYPE number: nothing decodes it.

// The data link types of the system header dlpi.h, of which RFC 1761 lists some.
std::uint16_t solaris_link_type(std::uint32_t type) {
  switch (type) {
    case 0:  // IEEE 802.3
    case 4:
      return kEthernet;
    case 2:
      return kTokenRing;
    case 8:
      return kFddi;
    case 9:   // Other
    case 14:  // Loopback
      return 0;
    case 16:
      return 122;  // IP over Fibre Channel
    case 18:
      return 123;  // SunATM
    case 0x8000'0005:
      return 226;  // IPNET
    default:
      return kNoLinkType;
  }
}

std::uint16_t shomiti_link_type(std::uint32_t type) {
  switch (type) {
    case 0:
    case 4:
    case 10:  // At 100 Mb/s, 1 Gb/s, 10 Gb/s.
    case 12:
    case 19:
      return kEthernet;
    case 2:
    case 11:
    case 13:
    case 14:
      return kTokenRing;
    case 8:
      return kFddi;
    default:
      return kNoLinkType;
  }
}

struct RecordHeader {
  std::uint32_t original, captured, record, drops, seconds, microseconds;
};

RecordHeader read_header(const std::byte* at) {
  Cursor cursor(Bytes(at, kRecordHeaderBytes));
  return {cursor.u32(), cursor.u32(), cursor.u32(), cursor.u32(), cursor.u32(), cursor.u32()};
}

}  // namespace

bool SnoopReader::is_snoop(const std::byte* first_eight) {
  return std::memcmp(first_eight, "snoop\0\0\0", 8) == 0;
}

Status SnoopReader::begin(CaptureBytes& bytes, CaptureFacts& facts) {
  if (Status status = bytes.need(kFileHeaderBytes); !status.ok()) return header_status(status, bytes, "snoop");
  Cursor header(Bytes(bytes.data() + 8, 8));
  const std::uint32_t version = header.u32();
  const std::uint32_t link = header.u32();
  if (version < 2 || version > 5) {
    return Status::unsupported("snoop of version " + std::to_string(version) + ": only 2 to 5 can be read");
  }
  // Both write version 2. Shomiti's records have a trailer, which is longer than any padding of snoop's.
  bool shomiti = false;
  Status first = bytes.need(kFileHeaderBytes + kRecordHeaderBytes);
  if (first.code() == Code::kTimeout) return first;
  if (first.ok()) {
    const RecordHeader record = read_header(bytes.data() + kFileHeaderBytes);
    shomiti = record.record >= std::uint64_t{record.captured} + kRecordHeaderBytes + kShomitiTrailerBytes;
  }
  bytes.take(kFileHeaderBytes);
  link_type_ = shomiti ? shomiti_link_type(link) : solaris_link_type(link);
  fcs_bytes_ = shomiti && link_type_ == kEthernet ? 4 : 0;
  CapturedInterface one;
  one.link_type = link_type_;
  one.fcs_bytes = fcs_bytes_;
  facts.interfaces.clear();
  facts.interfaces.push_back(std::move(one));
  facts.sections = 1;
  return Status::success();
}

Status SnoopReader::next(CaptureBytes& bytes, CaptureFacts& facts, CapturedPacket& out) {
  if (Status status = bytes.need(kRecordHeaderBytes); !status.ok()) {
    return record_status(std::move(status), bytes, kRecordHeaderBytes, facts);
  }
  const RecordHeader header = read_header(bytes.data());
  const std::uint64_t packet_end = std::uint64_t{kRecordHeaderBytes} + header.captured;
  if (header.captured > kPacketBytesMax || header.original > kPacketBytesMax || packet_end > header.record) {
    ++facts.counters.malformed;
    facts.complain(bytes.offset(), "corrupt",
                   "a packet of " + std::to_string(header.captured) + " bytes in a record of " +
                       std::to_string(header.record) + "; nothing behind it is read");
    return Status::end();
  }
  if (Status status = bytes.need(packet_end); !status.ok()) {
    return record_status(std::move(status), bytes, packet_end, facts);
  }
  out = CapturedPacket();
  out.time_ns = TimeNs{header.seconds} * kSecond + TimeNs{header.microseconds} * kMicrosecond;
  out.link_type = link_type_;
  out.fcs_bytes = fcs_bytes_;
  out.original_bytes = header.original;
  out.data = Bytes(bytes.data() + kRecordHeaderBytes, header.captured);
  facts.counters.dropped = std::max<std::uint64_t>(facts.counters.dropped, header.drops);  // Since the start.
  bytes.skip(header.record);
  return Status::success();
}

}  // namespace ipm::source::pcap

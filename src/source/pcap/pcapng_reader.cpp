#include "source/pcap/pcapng_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "source/pcap/pcapng_options.h"
#include "source/pcap/process_notes.h"

namespace ipm::source::pcap {
namespace {

constexpr std::uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr std::size_t kHeaderBytes = 8;   // Type and length.
constexpr std::size_t kTrailerBytes = 4;  // The length again.
enum BlockType : std::uint32_t {
  kInterfaceBlock = 1,
  kObsoletePacketBlock = 2,
  kSimplePacketBlock = 3,
  kNameBlock = 4,
  kStatisticsBlock = 5,
  kEnhancedPacketBlock = 6,
  kSectionBlock = 0x0a0d'0d0a,
  kAppleProcessBlock = 0x8000'0001,
};

// Of a packet.
enum OptionCode : std::uint16_t {
  kComment = 1,
  kFlags = 2,
  kDropCount = 4,
  kAppleProcess = 0x8001,
  kAppleEffectiveProcess = 0x8003,
};

constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + 3) / 4 * 4;
}

bool is_read(std::uint32_t type) {
  switch (type) {
    case kInterfaceBlock:
    case kObsoletePacketBlock:
    case kSimplePacketBlock:
    case kNameBlock:
    case kStatisticsBlock:
    case kEnhancedPacketBlock:
    case kSectionBlock:
    case kAppleProcessBlock:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool PcapngReader::is_pcapng(const std::byte* first_four) {
  return ByteOrder().u32(first_four) == kSectionBlock;  // The same in both orders.
}

Status PcapngReader::begin(CaptureBytes& bytes, CaptureFacts& facts) {
  constexpr std::size_t kSectionHeaderBytes = 24;
  if (Status status = bytes.need(kSectionHeaderBytes); !status.ok()) return header_status(status, bytes, "pcapng");
  ByteOrder order;
  if (!ByteOrder::of_magic(bytes.data() + 8, kByteOrderMagic, order)) {
    return Status::corrupt("pcapng whose byte order is neither of the two");
  }
  const std::uint16_t major = order.u16(bytes.data() + 12);
  if (major != 1) {
    return Status::unsupported("pcapng of version " + std::to_string(major) + "." +
                               std::to_string(order.u16(bytes.data() + 14)) + ": only 1.x can be read");
  }
  const std::uint32_t block_bytes = order.u32(bytes.data() + 4);
  if (block_bytes < kSectionHeaderBytes + kTrailerBytes || block_bytes > kBlockBytesMax) {
    return Status::corrupt("pcapng whose first block has a length of " + std::to_string(block_bytes));
  }
  // The section itself is read by next(): what is wrong with it from here on ends a capture, and is no error.
  facts.sections = 0;
  return Status::success();
}

Status PcapngReader::next(CaptureBytes& bytes, CaptureFacts& facts, CapturedPacket& out) {
  for (;;) {
    Block block;
    if (Status status = read_header(bytes, facts, block); !status.ok()) return status;
    if (!is_read(block.type)) {
      ++facts.counters.skipped;
      bytes.skip(block.bytes);
      continue;
    }
    if (Status status = read_body(bytes, facts, block); !status.ok()) return status;
    const Found found = read_block(bytes, facts, block, out);
    if (found == Found::kCorrupt) return Status::end();
    bytes.skip(block.bytes);
    if (found == Found::kPacket) return Status::success();
  }
}

Status PcapngReader::read_header(CaptureBytes& bytes, CaptureFacts& facts, Block& block) {
  if (Status status = bytes.need(kHeaderBytes); !status.ok()) {
    return record_status(std::move(status), bytes, kHeaderBytes, facts);
  }
  block.type = order_.u32(bytes.data());
  if (block.type == kSectionBlock) {
    // Its length stands in the order that it is about to declare.
    if (Status status = bytes.need(kHeaderBytes + 4); !status.ok()) {
      return record_status(std::move(status), bytes, kHeaderBytes + 4, facts);
    }
    if (!ByteOrder::of_magic(bytes.data() + kHeaderBytes, kByteOrderMagic, order_)) {
      corrupt(bytes, facts, "a section whose byte order is neither of the two");
      return Status::end();
    }
  }
  block.stated_bytes = order_.u32(bytes.data() + 4);
  block.bytes = (std::uint64_t{block.stated_bytes} + 3) / 4 * 4;
  if (block.bytes < kHeaderBytes + kTrailerBytes) {
    corrupt(bytes, facts, "a block with a length of " + std::to_string(block.stated_bytes));
    return Status::end();
  }
  return Status::success();
}

Status PcapngReader::read_body(CaptureBytes& bytes, CaptureFacts& facts, Block& block) const {
  const auto kept = static_cast<std::size_t>(std::min<std::uint64_t>(block.bytes, kBlockBytesMax));
  if (Status status = bytes.need(kept); !status.ok()) {
    return record_status(std::move(status), bytes, block.bytes, facts);
  }
  if (kept < block.bytes) {
    block.body = Bytes(bytes.data() + kHeaderBytes, kept - kHeaderBytes);
    return Status::success();
  }
  block.body = Bytes(bytes.data() + kHeaderBytes, kept - kHeaderBytes - kTrailerBytes);
  const std::uint32_t trailer = order_.u32(bytes.data() + kept - kTrailerBytes);
  if (trailer != block.stated_bytes && trailer != block.bytes) [[unlikely]] {
    ++facts.counters.malformed;
    facts.complain(bytes.offset(), "a wrong length behind the block",
                   std::to_string(trailer) + " instead of " + std::to_string(block.stated_bytes));
  }
  return Status::success();
}

PcapngReader::Found PcapngReader::corrupt(CaptureBytes& bytes, CaptureFacts& facts, std::string_view why) {
  ++facts.counters.malformed;
  facts.complain(bytes.offset(), "corrupt", std::string(why) + "; nothing behind it is read");
  return Found::kCorrupt;
}

PcapngReader::Found PcapngReader::read_block(CaptureBytes& bytes, CaptureFacts& facts, const Block& block,
                                             CapturedPacket& out) {
  switch (block.type) {
    case kEnhancedPacketBlock:
    case kObsoletePacketBlock:
      return read_packet(bytes, facts, block, out);
    case kSimplePacketBlock:
      return read_simple_packet(bytes, facts, block, out);
    case kSectionBlock:
      return read_section(bytes, facts, block);
    case kInterfaceBlock:
      if (!section_.read_interface(block.body, facts)) return corrupt(bytes, facts, "an interface without its header");
      return Found::kNothing;
    case kNameBlock:
      section_.read_names(block.body, facts);
      return Found::kNothing;
    case kStatisticsBlock:
      section_.read_statistics(block.body, facts);
      return Found::kNothing;
    default:
      section_.read_process(block.body, facts);
      return Found::kNothing;
  }
}

PcapngReader::Found PcapngReader::read_packet(CaptureBytes& bytes, CaptureFacts& facts, const Block& block,
                                              CapturedPacket& out) {
  constexpr std::size_t kFixedBytes = 20;
  if (block.body.size() < kFixedBytes) return corrupt(bytes, facts, "a packet block without room for its header");
  const std::byte* fixed = block.body.data();
  const bool obsolete = block.type == kObsoletePacketBlock;
  const std::uint32_t index = obsolete ? order_.u16(fixed) : order_.u32(fixed);
  const PcapngInterface* interface = section_.interface_at(index);
  if (interface == nullptr) {
    return corrupt(bytes, facts, "a packet of interface " + std::to_string(index) + ", which was not described");
  }
  const std::uint32_t captured = order_.u32(fixed + 12);
  const std::uint64_t room = block.bytes - kHeaderBytes - kTrailerBytes - kFixedBytes;
  if (captured > room || too_long(captured, interface->link_type)) {
    return corrupt(
        bytes, facts,
        "a packet of " + std::to_string(captured) + " bytes in a block with room for " + std::to_string(room));
  }
  out.time_ns = interface->scale.ns((std::uint64_t{order_.u32(fixed + 4)} << 32) | order_.u32(fixed + 8));
  out.link_type = interface->link_type;
  out.fcs_bytes = interface->fcs_bytes;
  out.direction = PacketDirection::kUnknown;
  out.original_bytes = std::min(order_.u32(fixed + 16), kOriginalBytesMax);
  out.interface_index = index;
  out.data = block.body.subspan(kFixedBytes, std::min(captured, kPacketBytesMax));
  if (captured > kPacketBytesMax) ++facts.counters.cut;
  out.process = nullptr;
  const std::size_t options_at = kFixedBytes + padded(captured);
  if (options_at < block.body.size()) read_packet_options(block.body.subspan(options_at), facts, out);
  return Found::kPacket;
}

void PcapngReader::read_packet_options(Bytes options_bytes, CaptureFacts& facts, CapturedPacket& out) {
  PcapngOptions options(options_bytes, order_);
  PcapngOption option;
  note_ = ProcessNote();
  while (options.next(option)) {
    const std::size_t size = option.value.size();
    if (option.code == kComment) read_process_comment(option.text(), note_);
    if (option.code == kFlags && size == 4) {
      const std::uint32_t flags = order_.u32(option.value.data());
      out.direction = static_cast<PacketDirection>((flags & 3) % 3);  // 3 has no meaning.
      // The length of a frame check sequence; 0: as the interface says.
      if ((flags >> 5 & 0xF) != 0) out.fcs_bytes = static_cast<std::uint8_t>(flags >> 5 & 0xF);
    }
    if (option.code == kDropCount && size == 8) section_.add_dropped(order_.u64(option.value.data()), facts);
    if (option.code == kAppleProcess && size == 4) note_.process = section_.process(order_.u32(option.value.data()));
    if (option.code == kAppleEffectiveProcess && size == 4) {
      note_.effective = section_.process(order_.u32(option.value.data()));
    }
  }
  if (options.malformed()) ++facts.counters.malformed;
  if (note_.known()) out.process = &note_;
}

PcapngReader::Found PcapngReader::read_simple_packet(CaptureBytes& bytes, CaptureFacts& facts, const Block& block,
                                                     CapturedPacket& out) {
  constexpr std::size_t kFixedBytes = 4;
  if (block.body.size() < kFixedBytes) return corrupt(bytes, facts, "a packet block without room for its header");
  const PcapngInterface* interface = section_.interface_at(0);
  if (interface == nullptr) return corrupt(bytes, facts, "a packet before any interface");
  const std::uint32_t original = order_.u32(block.body.data());
  // The captured length is not written down: it is what the interface lets through.
  std::uint32_t captured = interface->snap_bytes == 0 ? original : std::min(original, interface->snap_bytes);
  if (const std::size_t room = block.body.size() - kFixedBytes; captured > room) {
    ++facts.counters.malformed;
    captured = static_cast<std::uint32_t>(room);
  }
  if (too_long(captured, interface->link_type)) {
    return corrupt(bytes, facts, "a packet of " + std::to_string(captured) + " bytes");
  }
  out = CapturedPacket();
  out.link_type = interface->link_type;
  out.fcs_bytes = interface->fcs_bytes;
  out.original_bytes = std::min(original, kOriginalBytesMax);
  out.data = block.body.subspan(kFixedBytes, std::min(captured, kPacketBytesMax));
  if (captured > kPacketBytesMax) ++facts.counters.cut;
  return Found::kPacket;
}

PcapngReader::Found PcapngReader::read_section(CaptureBytes& bytes, CaptureFacts& facts, const Block& block) {
  constexpr std::size_t kFixedBytes = 16;
  if (block.body.size() < kFixedBytes) return corrupt(bytes, facts, "a section without room for its header");
  const std::uint16_t major = order_.u16(block.body.data() + 4);
  if (major != 1) return corrupt(bytes, facts, "a section of version " + std::to_string(major));
  // The length of the section is not needed, and is often -1 or wrong.
  section_.begin(order_, facts);
  return Found::kNothing;
}

}  // namespace ipm::source::pcap

// pcapng: blocks of a type and a length. Packets (enhanced, simple and the obsolete kind), sections, interfaces, names,
// statistics and the process blocks of Apple's tcpdump are read; secrets, journals, custom and unknown blocks are
// skipped by their length. Each section has its byte order and numbers its interfaces and processes anew.
// Format: draft-ietf-opsawg-pcapng.
#pragma once

#include "source/pcap/byte_order.h"
#include "source/pcap/pcapng_section.h"
#include "source/pcap/record_reader.h"

namespace ipm::source::pcap {

class PcapngReader final : public RecordReader {
 public:
  static bool is_pcapng(const std::byte* first_four);

  Status begin(CaptureBytes& bytes, CaptureFacts& facts) override;
  Status next(CaptureBytes& bytes, CaptureFacts& facts, CapturedPacket& out) override;

 private:
  struct Block {
    std::uint32_t type = 0;
    std::uint32_t stated_bytes = 0;  // As its header says.
    std::uint64_t bytes = 0;         // Rounded up to 4, as some writers forget to do.
    Bytes body = {};                 // Without the lengths around it; of a block beyond kBlockBytesMax, what is kept.
  };
  // What became of a block.
  enum class Found { kPacket, kNothing, kCorrupt };

  // Its header. Not consumed.
  Status read_header(CaptureBytes& bytes, CaptureFacts& facts, Block& block);
  // Its body, where it lies.
  Status read_body(CaptureBytes& bytes, CaptureFacts& facts, Block& block) const;
  Found read_block(CaptureBytes& bytes, CaptureFacts& facts, const Block& block, CapturedPacket& out);
  static Found corrupt(CaptureBytes& bytes, CaptureFacts& facts, std::string_view why);

  Found read_section(CaptureBytes& bytes, CaptureFacts& facts, const Block& block);
  // Enhanced, and the obsolete kind, which has a short interface number and a count of drops in its place.
  Found read_packet(CaptureBytes& bytes, CaptureFacts& facts, const Block& block, CapturedPacket& out);
  Found read_simple_packet(CaptureBytes& bytes, CaptureFacts& facts, const Block& block, CapturedPacket& out);
  void read_packet_options(Bytes options, CaptureFacts& facts, CapturedPacket& out);

  ByteOrder order_;
  PcapngSection section_;
  ProcessNote note_;  // Of the last packet.
};

}  // namespace ipm::source::pcap

// Classic pcap: a header of 24 bytes, then records. Both byte orders, microseconds and nanoseconds, and the headers of
// records that programs before 2000 wrote under the same first bytes or nearly so:
//   RECORDS                              HEADER  FIRST BYTES
//   as everybody writes them             16      a1b2c3d4, a1b23c4d (ns)
//   patched by Kuznetzov, Red Hat 6.1    24      a1b2cd34, a1b2c3d4 (Red Hat)
//   patched by Kuznetzov, SuSE 6.3       28      a1b2cd34
//   Nokia                                20      a1b2c3d4
// Which one it is, the first records tell: the first form in this order that makes sense of them or, if none does, the
// first of all. Wireshark asks the same questions, but takes the form with the fewest objections, which of a damaged
// file is often the wrong one.
// Format: draft-ietf-opsawg-pcap.
#pragma once

#include "source/pcap/byte_order.h"
#include "source/pcap/record_reader.h"

namespace ipm::source::pcap {

class PcapReader final : public RecordReader {
 public:
  static bool is_pcap(const std::byte* first_four);

  Status begin(CaptureBytes& bytes, CaptureFacts& facts) override;
  Status next(CaptureBytes& bytes, CaptureFacts& facts, CapturedPacket& out) override;

 private:
  enum class Lengths : std::uint8_t { kCapturedFirst, kOriginalFirst, kLesserFirst };
  struct RecordHeader {
    std::uint32_t seconds = 0;
    std::uint32_t fraction = 0;
    std::uint32_t captured = 0;
    std::uint32_t original = 0;
  };

  RecordHeader record_header(const std::byte* at) const;
  // By what has come, if it is a pipe.
  void choose_layout(CaptureBytes& bytes, bool modified);
  // Whether the first records do, if their headers have so many bytes.
  bool makes_sense(CaptureBytes& bytes, std::uint32_t header_bytes) const;
  bool makes_sense(const RecordHeader& header) const;
  void fill(const RecordHeader& header, const std::byte* record, std::uint32_t captured, CapturedPacket& out) const;

  ByteOrder order_;
  Lengths lengths_ = Lengths::kCapturedFirst;
  std::uint32_t header_bytes_ = 16;
  std::uint32_t packet_type_at_ = 0;  // In the record's header: 4 is outgoing. 0: it has none.
  std::uint32_t fraction_ns_ = 1'000;
  std::uint32_t padding_bytes_ = 0;  // Before the packet, in its length.
  std::uint32_t snap_bytes_ = 0;
  std::uint16_t link_type_ = 0;
  std::uint8_t fcs_bytes_ = 0;
};

}  // namespace ipm::source::pcap

// snoop, as Solaris writes it (RFC 1761), and as Shomiti's Surveyor does, which has link types of its own and a frame
// check sequence behind each frame.
#pragma once

#include "source/pcap/record_reader.h"

namespace ipm::source::pcap {

class SnoopReader final : public RecordReader {
 public:
  static bool is_snoop(const std::byte* first_eight);

  Status begin(CaptureBytes& bytes, CaptureFacts& facts) override;
  Status next(CaptureBytes& bytes, CaptureFacts& facts, CapturedPacket& out) override;

 private:
  std::uint16_t link_type_ = 0;
  std::uint8_t fcs_bytes_ = 0;
};

}  // namespace ipm::source::pcap

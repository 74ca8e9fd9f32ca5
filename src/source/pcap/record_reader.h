// Takes one kind of container apart.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "source/pcap/capture_bytes.h"
#include "source/pcap/capture_facts.h"

namespace ipm::source::pcap {

class RecordReader {
 public:
  virtual ~RecordReader() = default;

  // From the first byte of the file on. Ok: its header is read; timeout: not all of it has come, call again; corrupt or
  // unsupported: it is not to be read, and why.
  virtual Status begin(CaptureBytes& bytes, CaptureFacts& facts) = 0;
  // The next packet, as CaptureFile::next() gives it. Of `out`, all is set.
  virtual Status next(CaptureBytes& bytes, CaptureFacts& facts, CapturedPacket& out) = 0;
};

// The status of a need() for a file's header that was not ok: a header that the file does not have is corrupt.
Status header_status(Status needed, const CaptureBytes& bytes, std::string_view what);
// The status of a need() for a record that was not ok. A record of which the file has only a part is complained about.
Status record_status(Status needed, const CaptureBytes& bytes, std::uint64_t record_bytes, CaptureFacts& facts);

// So much of a packet may be in a file, by its link type: kPacketBytesMax, or kBusPacketBytesMax for D-Bus and USB.
std::uint32_t packet_bytes_max(std::uint16_t link_type);
inline constexpr std::uint32_t kBusPacketBytesMax = 128 * 1024 * 1024;
inline bool too_long(std::uint32_t captured, std::uint16_t link_type) {
  return captured > kPacketBytesMax && captured > packet_bytes_max(link_type);
}

}  // namespace ipm::source::pcap

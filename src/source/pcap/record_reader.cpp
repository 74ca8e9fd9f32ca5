#include "source/pcap/record_reader.h"

#include <string>
#include <utility>

namespace ipm::source::pcap {

void CaptureFacts::complain(std::uint64_t offset, std::string_view what, std::string_view detail) {
  ++complaints_;
  if (complaints_ > kComplaintsMax) {
    if (complaints_ == kComplaintsMax + 1) note += "; and more";
    return;
  }
  if (!note.empty()) note += "; ";
  note.append(what).append(" at byte ").append(std::to_string(offset));
  if (!detail.empty()) note.append(": ").append(detail);
}

Status header_status(Status needed, const CaptureBytes& bytes, std::string_view what) {
  if (needed.code() != Code::kEnd) return needed;
  return Status::corrupt(std::string(what) + " cut short in its header at byte " + std::to_string(bytes.ready()));
}

Status record_status(Status needed, const CaptureBytes& bytes, std::uint64_t record_bytes, CaptureFacts& facts) {
  if (needed.code() == Code::kEnd && (bytes.ready() > 0 || bytes.skipping())) {
    const std::string there = std::to_string(bytes.ready()) + " of the " + std::to_string(record_bytes) + " bytes";
    facts.complain(bytes.offset() + bytes.ready(), "cut short",
                   bytes.skipping() ? "in a part that is not read" : there + " of the last record are there");
  }
  return needed;
}

std::uint32_t packet_bytes_max(std::uint16_t link_type) {
  switch (link_type) {
    case 186:  // USB_FREEBSD
    case 189:  // USB_LINUX
    case 220:  // USB_LINUX_MMAPPED
    case 231:  // DBUS
    case 249:  // USBPCAP
    case 266:  // USB_DARWIN
    case 279:  // EBHSCR
      return kBusPacketBytesMax;
    default:
      return kPacketBytesMax;
  }
}

}  // namespace ipm::source::pcap

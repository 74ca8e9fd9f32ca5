// The event log reader takes any bytes: it ends with a status and never reads outside. A second pass mends the
// checksums of the header and of the first frame, so that the fuzzer gets past them.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "source/byte_source.h"
#include "source/replay/log_format.h"
#include "source/replay/log_reader.h"

namespace {

namespace log_format = ipm::source::log_format;
using log_format::FileHeader;
using log_format::FrameHeader;

void read(const std::string& bytes) {
  ipm::source::ByteSource source;
  source.open_memory(bytes);
  ipm::source::LogReader reader(source);
  ipm::Status status = reader.read_header();
  while (status.ok()) {
    status = reader.read_frame();
    if (status.ok() && reader.events().empty()) std::abort();
  }
  // What is in memory never has to be waited for.
  if (status.code() == ipm::Code::kTimeout) std::abort();
}

void mend(std::string& bytes) {
  if (bytes.size() < sizeof(FileHeader)) return;
  FileHeader file;
  std::memcpy(&file, bytes.data(), sizeof file);
  std::memcpy(file.magic, log_format::kFileMagic, sizeof file.magic);
  file.checksum = log_format::checksum_of(file);
  std::memcpy(bytes.data(), &file, sizeof file);
  std::size_t at = sizeof file;
  // Frames one behind the other, as far as they reach.
  while (at + sizeof(FrameHeader) <= bytes.size()) {
    FrameHeader frame;
    std::memcpy(&frame, bytes.data() + at, sizeof frame);
    const std::size_t left = bytes.size() - at - sizeof frame;
    if (frame.stored_bytes > left) frame.stored_bytes = static_cast<std::uint32_t>(left);
    frame.magic = log_format::kFrameMagic;
    frame.body_checksum = log_format::checksum_of(bytes.data() + at + sizeof frame, frame.stored_bytes, file.checksum);
    frame.header_checksum = log_format::checksum_of(frame, file.checksum);
    std::memcpy(bytes.data() + at, &frame, sizeof frame);
    at += sizeof frame + frame.stored_bytes;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  mend(bytes);
  read(bytes);
  return 0;
}

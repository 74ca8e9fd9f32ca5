// Any bytes as a capture file: it ends with a status and a note of bounded length, gives no more packets than there are
// bytes for, and everything that it gives can be read.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "source/pcap/capture_file.h"

using namespace ipm;
using namespace ipm::source::pcap;

namespace {

volatile std::uint8_t g_sink = 0;

void touch(std::string_view text) {
  std::uint8_t all = 0;
  for (const char c : text) all = static_cast<std::uint8_t>(all ^ static_cast<std::uint8_t>(c));
  g_sink = static_cast<std::uint8_t>(g_sink ^ all);
}

void touch(const CapturedProcess& process) {
  touch(process.name);
}

void check(const CaptureFile& file, const CapturedPacket& packet) {
  if (packet.data.size() > kPacketBytesMax) std::abort();
  if (packet.original_bytes > kOriginalBytesMax) std::abort();
  if (packet.interface_index >= file.interfaces().size()) std::abort();
  if (packet.link_type != file.interfaces()[packet.interface_index].link_type) std::abort();
  if (packet.time_ns != kNoTime && (packet.time_ns > kTimeMaxNs || packet.time_ns < -kTimeMaxNs)) std::abort();
  touch({reinterpret_cast<const char*>(packet.data.data()), packet.data.size()});
  if (packet.process == nullptr) return;
  const ProcessNote& note = *packet.process;
  if (!note.known()) std::abort();
  touch(note.process);
  touch(note.effective);
  touch(note.parent);
  for (const std::string_view text : {note.arguments, note.container_id, note.container_name, note.pod_name}) {
    touch(text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kPacketsMax = 1U << 20;  // Something packed may hold a thousand times its size.
  CaptureFile file;
  Status status = file.open_memory({reinterpret_cast<const char*>(data), size});
  if (!status.ok() && (!status.is_error() || status.message().empty())) std::abort();
  CapturedPacket packet;
  std::uint64_t packets = 0;
  std::uint64_t timeouts = 0;
  while (packets < kPacketsMax) {
    status = file.next(packet);
    if (status.code() == Code::kTimeout && ++timeouts < 100) continue;
    if (!status.ok()) break;
    ++packets;
    check(file, packet);
    for (const CapturedName& name : file.take_names()) touch(name.name);
  }
  if (file.counters().packets != packets) std::abort();
  if (file.interfaces().size() > kInterfacesMax || file.take_names().size() > kNamesMax) std::abort();
  if (file.note().size() > 4'096) std::abort();
  // What is over stays over.
  if (packets < kPacketsMax && file.next(packet).code() != status.code()) std::abort();
  return 0;
}

// Packets of a capture file: pcap, pcapng and snoop, plain or packed with gzip or zstd, from a file or a pipe. What it
// is is told by its first bytes, never by its name.
//
// Everything in it is hostile. A file that is cut or goes wrong gives the packets before that place and then ends, and
// note() says what was wrong and where; only what is no capture at all is an error.
//
// Bounds: one buffer of 512 KiB, which grows with a longer record up to kBlockBytesMax and never further than the file
// has bytes for; kInterfacesMax, kNamesMax and kProcessesMax for what is remembered. What does not fit is counted.
// Threads: one.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "source/pcap/captured_packet.h"

namespace ipm::source::pcap {

// More of a packet than this no kind of capture holds, but for the buses: of those the rest is skipped.
inline constexpr std::uint32_t kPacketBytesMax = 256 * 1024;
// What a packet is said to have had is cut to this, as in Wireshark.
inline constexpr std::uint32_t kOriginalBytesMax = 0x7fff'ffff;
// A pcapng block of a kind that is read. One of a kind that is not read is skipped whatever its length.
inline constexpr std::uint32_t kBlockBytesMax = 16 * 1024 * 1024;
inline constexpr std::uint32_t kInterfacesMax = 16'384;  // In a section.
inline constexpr std::uint32_t kProcessesMax = 16'384;   // In a section.
inline constexpr std::uint32_t kNamesMax = 16'384;       // That nobody has taken yet.
inline constexpr std::uint32_t kInterfaceTextBytesMax = 256;

enum class Container : std::uint8_t { kUnknown, kPcap, kPcapng, kSnoop };

struct CaptureCounters {
  std::uint64_t packets = 0;
  std::uint64_t bytes_read = 0;   // Of the file: packed ones, if it is packed. For a progress bar.
  std::uint64_t bytes_total = 0;  // 0: not known (a pipe).
  std::uint64_t malformed = 0;    // Records and blocks that were wrong in part; the packets of them were given.
  std::uint64_t skipped = 0;      // Blocks of a kind that is not read.
  std::uint64_t cut = 0;          // Packets of which more than kPacketBytesMax was in the file.
  std::uint64_t forgotten = 0;    // Interfaces, names and processes beyond the bounds.
  std::uint64_t dropped = 0;      // By the capturing host, as the file says.
};

class CaptureFile {
 public:
  CaptureFile();
  ~CaptureFile();
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  // "-" is standard input. Corrupt: this is no capture, and the message says what it seems to be. What a pipe brings is
  // not waited for: there next() says so.
  Status open(const std::string& path);
  // For tests; the bytes are copied.
  Status open_memory(std::string_view bytes);

  // Ok: `out` is the next packet, until the next call. end: there are no more; note() says if that is not the whole
  // truth. timeout: a pipe has nothing now, or much was read without a packet; call again, after wait() if you like.
  // Errors (corrupt: no capture; io) are final.
  Status next(CapturedPacket& out);
  // The `data` of packets stays where it is until `tell` is called, in the course of a later next(). Holds for what is
  // open.
  void before_move(std::function<void()> tell);
  // Until a pipe has something to read. Files never wait.
  void wait(int timeout_ms) const;
  int fd() const;  // Pollable; -1: a file.

  Container container() const;
  // Sections of pcapng that have begun; 1 for the other kinds.
  std::uint32_t sections() const;
  // Of the section of the last packet.
  std::span<const CapturedInterface> interfaces() const;
  // Names of addresses that were read since the last call. Cheap when there are none.
  std::vector<CapturedName> take_names();
  CaptureCounters counters() const;
  // What was wrong with the file, with offsets (in what is unpacked, if it is packed). Empty: nothing so far.
  const std::string& note() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ipm::source::pcap

// One packet as a capture file has it, and what the file says around it. Everything here points into the reader's
// buffer or tables: it is good until the next call of CaptureFile::next(), `data` until CaptureFile::before_move().
//
// All of it was written by somebody else: lengths may contradict each other, names hold any bytes.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/time.h"
#include "decode/cursor.h"
#include "model/ip_address.h"

namespace ipm::source::pcap {

using decode::Bytes;

inline constexpr TimeNs kNoTime = std::numeric_limits<TimeNs>::min();  // The file gives this packet no time.

enum class PacketDirection : std::uint8_t { kUnknown = 0, kIn = 1, kOut = 2 };  // Seen from the capturing host.

// What the file says of one process. A pid of 0 and of -1 are both "unknown".
struct CapturedProcess {
  std::int32_t pid = 0;
  std::string_view name = {};  // A path, or a name that the system may have cut (macOS: 16 to 20 bytes).

  bool known() const { return pid > 0 || !name.empty(); }
};

// Who sent or received a packet, where the capturing program wrote it down.
struct ProcessNote {
  CapturedProcess process = {};    // Owns the socket.
  CapturedProcess effective = {};  // On whose behalf, as Apple's systems tell apart; else unknown.
  CapturedProcess parent = {};
  std::string_view arguments = {};
  std::string_view container_id = {};
  std::string_view container_name = {};
  std::string_view pod_name = {};
  std::int64_t uid = -1;  // -1: not said.
  // The process that ran when the packet was logged, which of a received packet is often another (etl2pcapng).
  bool hint_only = false;

  bool known() const { return process.known() || effective.known(); }
};

struct CapturedPacket {
  TimeNs time_ns = kNoTime;     // Unix time.
  std::uint16_t link_type = 0;  // LINKTYPE number.
  std::uint8_t fcs_bytes = 0;   // Of a frame check sequence at the end of the frame, if the file says so.
  PacketDirection direction = PacketDirection::kUnknown;
  std::uint32_t original_bytes = 0;   // On the wire, as recorded: in a wrong file it may be less than data.size().
  std::uint32_t interface_index = 0;  // Index in CaptureFile::interfaces().
  Bytes data = {};
  const ProcessNote* process = nullptr;  // Null: the file does not say.
};

// Interfaces are numbered anew in each section of a pcapng file. Texts are cut at kInterfaceTextBytesMax.
struct CapturedInterface {
  std::uint16_t link_type = 0;
  std::uint8_t fcs_bytes = 0;
  std::uint32_t snap_bytes = 0;  // 0: no limit.
  std::string name;
  std::string description;
  std::string os;
  std::string comment;
  // As the last statistics block says. -1: it does not.
  std::int64_t received = -1;
  std::int64_t dropped_by_interface = -1;
  std::int64_t dropped_by_system = -1;
};

// A name that the file itself gives to an address.
struct CapturedName {
  model::IpAddress address = {};
  std::string name;
};

}  // namespace ipm::source::pcap

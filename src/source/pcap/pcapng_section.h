// What a section of a pcapng file says once and its packets refer to: interfaces and processes by number, names of
// addresses, statistics. Bounds: kInterfacesMax, kProcessesMax, kNamesMax.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "source/pcap/byte_order.h"
#include "source/pcap/capture_facts.h"
#include "source/pcap/time_scale.h"

namespace ipm::source::pcap {

// What packets need of their interface.
struct PcapngInterface {
  TimeScale scale;
  std::uint16_t link_type = 0;
  std::uint8_t fcs_bytes = 0;
  std::uint32_t snap_bytes = 0;  // 0: no limit.
  std::uint64_t dropped = 0;     // As the last statistics say.
};

class PcapngSection {
 public:
  // A new one: nothing is known in it. What the file dropped stays counted.
  void begin(ByteOrder order, CaptureFacts& facts);

  // Null: there is none of this number.
  const PcapngInterface* interface_at(std::uint32_t index) const {
    return index < interfaces_.size() ? &interfaces_[index] : nullptr;
  }
  CapturedProcess process(std::uint32_t index) const;  // Unknown: there is none of this number.
  // A packet says that so many were dropped before it.
  void add_dropped(std::uint64_t packets, CaptureFacts& facts);

  // The bodies of blocks. False: there is no interface in this one.
  [[nodiscard]] bool read_interface(Bytes body, CaptureFacts& facts);
  void read_names(Bytes body, CaptureFacts& facts) const;
  void read_statistics(Bytes body, CaptureFacts& facts);
  void read_process(Bytes body, CaptureFacts& facts);

 private:
  struct Process {
    std::int32_t pid = 0;
    std::string name;
  };

  void read_host_names(const model::IpAddress& address, std::string_view names, CaptureFacts& facts) const;
  void count_dropped(CaptureFacts& facts) const;

  ByteOrder order_;
  std::vector<PcapngInterface> interfaces_;
  std::vector<Process> processes_;
  // The same drops told in two ways, neither of which every writer uses.
  std::uint64_t dropped_by_packets_ = 0;
  std::uint64_t dropped_by_statistics_ = 0;
};

}  // namespace ipm::source::pcap

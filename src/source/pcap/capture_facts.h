// What a reader of one container finds beside the packets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/pcap/capture_file.h"

namespace ipm::source::pcap {

struct CaptureFacts {
  std::vector<CapturedInterface> interfaces;
  std::vector<CapturedName> names;
  std::uint32_t sections = 0;
  CaptureCounters counters;
  std::string note;

  // Adds "what at byte N: detail" to the note. The first kComplaintsMax are kept, the rest is in the counters.
  void complain(std::uint64_t offset, std::string_view what, std::string_view detail = {});

 private:
  static constexpr std::uint32_t kComplaintsMax = 4;
  std::uint32_t complaints_ = 0;
};

}  // namespace ipm::source::pcap

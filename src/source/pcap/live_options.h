// The URI parameters of pcap:INTERFACE.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "source/pcap/live_packets.h"
#include "source/source.h"

namespace ipm::source::pcap {

struct LiveOptions {
  LivePackets::Options packets;
  std::string netns;                 // Path; empty: that of the calling thread.
  std::uint32_t flows_max = 65'536;  // In packet view, at most 768 bytes each.
};

Result<LiveOptions> read_live_options(const SourceUri& uri);
std::span<const std::string_view> live_parameters();

}  // namespace ipm::source::pcap

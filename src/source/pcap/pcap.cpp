#include "source/pcap/pcap.h"

#include <net/if.h>

#include "source/pcap/live_packets.h"
#include "source/pcap/packet_story.h"
#include "source/pcap/pcap_sources.h"

namespace ipm::source {
namespace {

// What only interfaces take says that one is meant, even if it is not here.
bool means_interface(const SourceUri& uri) {
  if (uri.path == "-") return false;
  if (!uri.parameters.empty() || uri.path == "any") return true;
  return !uri.path.empty() && uri.path.find('/') == std::string::npos && ::if_nametoindex(uri.path.c_str()) != 0;
}

}  // namespace

std::unique_ptr<Source> make_pcap_source(const SourceUri& uri) {
  return means_interface(uri) ? pcap::make_live_source() : pcap::make_file_source();
}

Capabilities pcap::probe() {
  Capabilities all = packet_capabilities();
  const std::string why_not = LivePackets::why_not();
  all.push_back({"packets of interfaces", why_not.empty(), why_not});
  return all;
}

}  // namespace ipm::source

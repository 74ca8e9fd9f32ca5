// pcap:FILE: a capture file as a source of events: pcap, pcapng and snoop, plain or packed with gzip or zstd; "-" is
// standard input. pcap:INTERFACE: what passes there now; "any" is all interfaces of the namespace. A path without "/"
// that names an interface is one: write pcap:./eth0 for the file. Flows are counted at the innermost header of tunnels.
//
// URI parameters of an interface: filter (as pcap-filter(7) writes them), snaplen (bytes of a packet that are looked
// at; default 4096), buffer (bytes of the kernel's ring; default 16M), netns (a network namespace: its name or path),
// promiscuous (yes or no; default no). A file takes none.
#pragma once

#include <memory>

#include "source/source.h"

namespace ipm::source {

std::unique_ptr<Source> make_pcap_source(const SourceUri& uri = {});

}  // namespace ipm::source

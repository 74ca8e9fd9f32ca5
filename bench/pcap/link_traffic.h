// A capture of a busy link, the same each time: web over TLS and in the clear, DNS, calls, scans; a quarter of the
// flows over IPv6. Frames are whole; transport checksums are left out, as by a card that computes them.
#pragma once

#include <cstdint>
#include <string>

namespace ipm::bench {

struct LinkTotals {
  std::uint64_t flows = 0;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // Of the frames.
};

// Writes a classic pcap file of a minute. Throws std::runtime_error.
LinkTotals write_link_traffic(const std::string& path, std::uint32_t flows);

}  // namespace ipm::bench

// Just enough of a classic capture file (draft-ietf-opsawg-pcap) for tests: its packets from the IP header on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

namespace ipm::test {

class Capture {
 public:
  explicit Capture(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    const std::vector<char> chars((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    file_.resize(chars.size());
    if (!chars.empty()) std::memcpy(file_.data(), chars.data(), chars.size());
    readable_ = u32(0) == 0xa1b2c3d4 || u32(0) == 0xa1b23c4d;
  }
  // False: not a capture of this kind, or in another byte order.
  bool readable() const { return readable_; }

  // visit(std::span<const std::byte>) for each IPv4 or IPv6 packet, as far as it was captured.
  template <typename Visit>
  void each_packet(const Visit& visit) const {
    const std::uint32_t link = u32(20) & 0xffff;
    for (std::size_t at = 24; readable_ && at + 16 <= file_.size();) {
      const std::size_t bytes = u32(at + 8);
      at += 16;
      if (bytes > file_.size() - at) return;
      const std::span<const std::byte> frame(file_.data() + at, bytes);
      at += bytes;
      const std::size_t header_bytes = link_header_bytes(link, frame);
      if (header_bytes < frame.size()) visit(frame.subspan(header_bytes));
    }
  }

 private:
  std::uint32_t u32(std::size_t at) const {
    std::uint32_t value = 0;
    if (at + sizeof value <= file_.size()) std::memcpy(&value, file_.data() + at, sizeof value);
    return value;
  }
  static bool is_ip(std::span<const std::byte> frame, std::size_t at) {
    if (at + 2 > frame.size()) return false;
    const auto type = std::to_integer<unsigned>(frame[at]) * 256 + std::to_integer<unsigned>(frame[at + 1]);
    return type == 0x0800 || type == 0x86dd;
  }
  // The frame's size where it holds something else.
  static std::size_t link_header_bytes(std::uint32_t link, std::span<const std::byte> frame) {
    if (link == 0) return 4;
    if (link == 1 && is_ip(frame, 12)) return 14;
    if (link == 101) return 0;
    if (link == 113 && is_ip(frame, 14)) return 16;
    if (link == 276 && is_ip(frame, 0)) return 20;
    return frame.size();
  }

  std::vector<std::byte> file_;
  bool readable_ = false;
};

}  // namespace ipm::test

// The options at the end of a pcapng block, one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "source/pcap/byte_order.h"
#include "source/pcap/captured_packet.h"

namespace ipm::source::pcap {

struct PcapngOption {
  std::uint16_t code = 0;
  Bytes value = {};

  std::string_view text() const {
    std::string_view all(reinterpret_cast<const char*>(value.data()), value.size());
    return all.substr(0, all.find('\0'));  // Some writers count the end of a C string.
  }
};

class PcapngOptions {
 public:
  PcapngOptions(Bytes bytes, ByteOrder order) : left_(bytes), order_(order) {}

  // False: there are no more, or the next one does not fit: malformed() tells.
  bool next(PcapngOption& out) {
    if (left_.size() < kHeaderBytes) {
      malformed_ = !left_.empty();
      return false;
    }
    out.code = order_.u16(left_.data());
    const std::size_t bytes = order_.u16(left_.data() + 2);
    if (out.code == 0) return false;  // The end of options.
    if (bytes > left_.size() - kHeaderBytes) {
      malformed_ = true;
      return false;
    }
    out.value = left_.subspan(kHeaderBytes, bytes);
    const std::size_t padded = kHeaderBytes + (bytes + 3) / 4 * 4;
    left_ = left_.subspan(padded < left_.size() ? padded : left_.size());
    return true;
  }
  bool malformed() const { return malformed_; }

 private:
  static constexpr std::size_t kHeaderBytes = 4;
  Bytes left_;
  ByteOrder order_;
  bool malformed_ = false;
};

}  // namespace ipm::source::pcap

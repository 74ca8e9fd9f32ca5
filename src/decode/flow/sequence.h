// Order of TCP sequence numbers: mod 2^32, by the shorter way round (RFC 9293 §3.4).
#pragma once

#include <cstdint>

namespace ipm::decode::flow {

constexpr bool seq_before(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) < 0;
}
constexpr bool seq_after(std::uint32_t a, std::uint32_t b) {
  return seq_before(b, a);
}

}  // namespace ipm::decode::flow

// Bytes of a stream that come in pieces, in any order, repeated or overlapping, put in their places until all from the
// first one on are there. Of bytes that come twice the first ones count, where they follow on what was known before.
//
// Bound: bytes_max bytes, and holes_max stretches that wait for what comes before them. Memory: one buffer, allocated
// by the constructor. Threads: one at a time.
#pragma once

#include <array>
#include <vector>

#include "decode/cursor.h"

namespace ipm::decode {

class PieceBuffer {
 public:
  static constexpr std::uint32_t kHolesLimit = 32;  // holes_max is at most this.

  PieceBuffer(std::uint32_t bytes_max, std::uint32_t holes_max);

  void clear();
  // What lies beyond bytes_max is left out. False: it would leave one hole more than the bound.
  [[nodiscard]] bool put(std::uint64_t at, Bytes piece);

  // From the first byte on without a hole.
  Bytes known() const { return Bytes(buffer_).first(known_bytes_); }
  // Takes the first `bytes` of what is known off: what was at `bytes` is at 0 now. Costs moving all that is behind
  // them.
  void consume(std::size_t bytes);
  // To rearrange what is known in place.
  std::span<std::byte> all() { return buffer_; }
  bool empty() const { return known_bytes_ == 0 && stretches_ == 0; }

 private:
  struct Stretch {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  bool note(Stretch stretch);

  std::vector<std::byte> buffer_;  // Holes hold anything.
  std::uint32_t holes_max_;
  std::uint32_t known_bytes_ = 0;
  std::uint32_t stretches_ = 0;
  std::array<Stretch, kHolesLimit> beyond_;  // Not empty, none touches another or known_bytes_.
};

}  // namespace ipm::decode

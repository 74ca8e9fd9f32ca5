#include "decode/piece_buffer.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace ipm::decode {

PieceBuffer::PieceBuffer(std::uint32_t bytes_max, std::uint32_t holes_max) : buffer_(bytes_max), holes_max_(holes_max) {
  assert(holes_max <= kHolesLimit);
}

void PieceBuffer::clear() {
  known_bytes_ = stretches_ = 0;
}

bool PieceBuffer::put(std::uint64_t at, Bytes piece) {
  if (piece.empty() || at >= buffer_.size()) return true;
  auto begin = static_cast<std::uint32_t>(at);
  piece = piece.first(std::min<std::size_t>(piece.size(), buffer_.size() - begin));
  const auto end = begin + static_cast<std::uint32_t>(piece.size());
  if (end <= known_bytes_) return true;
  if (begin < known_bytes_) {
    piece = piece.subspan(known_bytes_ - begin);
    begin = known_bytes_;
  }
  std::memcpy(buffer_.data() + begin, piece.data(), piece.size());
  return note({begin, end});
}

void PieceBuffer::consume(std::size_t bytes) {
  assert(bytes <= known_bytes_);
  const auto taken = static_cast<std::uint32_t>(bytes);
  std::uint32_t end = known_bytes_;
  for (std::uint32_t i = 0; i < stretches_; ++i) end = std::max(end, beyond_[i].end);
  std::memmove(buffer_.data(), buffer_.data() + taken, end - taken);
  known_bytes_ -= taken;
  for (std::uint32_t i = 0; i < stretches_; ++i) beyond_[i] = {beyond_[i].begin - taken, beyond_[i].end - taken};
}

// Joins the stretch with those that it touches, and the first of them with what is known.
bool PieceBuffer::note(Stretch stretch) {
  for (std::uint32_t i = 0; i < stretches_;) {
    const Stretch other = beyond_[i];
    if (other.begin > stretch.end || other.end < stretch.begin) {
      ++i;
      continue;
    }
    stretch = {std::min(stretch.begin, other.begin), std::max(stretch.end, other.end)};
    beyond_[i] = beyond_[--stretches_];
    i = 0;  // It has grown: look at all of them again.
  }
  if (stretch.begin <= known_bytes_) {
    known_bytes_ = std::max(known_bytes_, stretch.end);
    return true;
  }
  if (stretches_ == holes_max_) return false;
  beyond_[stretches_++] = stretch;
  return true;
}

}  // namespace ipm::decode

#include "query/utf8.h"

#include <cstdint>
#include <cstring>

namespace ipm::query {
namespace {

struct Piece {
  std::size_t bytes;
  bool valid;
};

// The character, or the longest broken beginning of one, at the front of `text`, which is not empty. The ranges are
// those of table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing above U+10FFFF.
Piece first_piece(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0}; };
  const std::uint8_t lead = at(0);
  if (lead < 0x80) return {1, true};
  const std::size_t bytes = lead >= 0xc2 && lead <= 0xdf   ? 2
                            : lead >= 0xe0 && lead <= 0xef ? 3
                            : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                           : 0;
  if (bytes == 0) return {1, false};
  const std::uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const std::uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (at(1) < low || at(1) > high) return {1, false};
  for (std::size_t i = 2; i < bytes; ++i) {
    if (at(i) < 0x80 || at(i) > 0xbf) return {i, false};
  }
  return {bytes, true};
}

// How many of its first bytes are ASCII, at least: nearly always all of them.
std::size_t ascii_bytes(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080'8080'8080'8080;
  std::size_t at = 0;
  for (std::uint64_t eight = 0; at + sizeof eight <= text.size(); at += sizeof eight) {
    std::memcpy(&eight, text.data() + at, sizeof eight);
    if ((eight & kHighBits) != 0) break;
  }
  while (at < text.size() && static_cast<std::uint8_t>(text[at]) < 0x80) ++at;
  return at;
}

}  // namespace

std::string_view valid_utf8(std::string_view text, std::string& scratch) {
  std::size_t valid = ascii_bytes(text);
  while (valid < text.size()) {
    const Piece piece = first_piece(text.substr(valid));
    if (!piece.valid) break;
    valid += piece.bytes;
  }
  if (valid == text.size()) return text;

  std::string out(text.substr(0, valid));
  for (std::string_view rest = text.substr(valid); !rest.empty();) {
    const Piece piece = first_piece(rest);
    out += piece.valid ? rest.substr(0, piece.bytes) : std::string_view("\xef\xbf\xbd");
    rest.remove_prefix(piece.bytes);
  }
  scratch = std::move(out);  // Only now: `text` may live in scratch.
  return scratch;
}

}  // namespace ipm::query

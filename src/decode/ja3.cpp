#include "decode/ja3.h"

#include <algorithm>
#include <charconv>

namespace ipm::decode {
namespace {

// Writes the fields piece by piece: out(std::string_view).
template <typename Out>
void write_fields(const TlsHello& hello, const Out& out) {
  const auto decimal = [&](std::uint16_t value) {
    char digits[5];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out(std::string_view(digits, static_cast<std::size_t>(end - digits)));
  };
  bool first = true;
  const auto item = [&](std::uint16_t value) {
    if (is_grease(value)) return;
    if (!first) out("-");
    first = false;
    decimal(value);
  };
  const auto next_field = [&] {
    out(",");
    first = true;
  };

  decimal(hello.version);
  next_field();
  for (const std::uint16_t cipher : hello.ciphers) item(cipher);
  next_field();
  for_each_extension(hello, [&](std::uint16_t type, Bytes) { item(type); });
  next_field();
  for (const std::uint16_t group : hello.groups) item(group);
  next_field();
  // One byte each: never GREASE.
  for (const std::byte format : hello.point_formats) item(std::to_integer<std::uint16_t>(format));
}

}  // namespace

std::string ja3_fields(const TlsHello& hello) {
  std::string fields;
  write_fields(hello, [&](std::string_view piece) { fields += piece; });
  return fields;
}

std::optional<Ja3> ja3(const TlsHello& hello, Digests& digests) {
  if (!digests.start(Digests::Kind::kMd5)) return std::nullopt;
  write_fields(hello, [&](std::string_view piece) { digests.add(piece); });
  const std::string_view hex = digests.finish();
  Ja3 result;
  if (hex.size() != result.text.size()) return std::nullopt;
  std::copy(hex.begin(), hex.end(), result.text.begin());
  return result;
}

}  // namespace ipm::decode

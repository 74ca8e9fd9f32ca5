#include "decode/ja4.h"

#include <algorithm>

namespace ipm::decode {
namespace {

constexpr std::size_t kPartABytes = 10;
constexpr std::size_t kHashBytes = 12;
constexpr std::size_t kNumbersMax = kHelloBytesMax / 2;
constexpr char kHex[] = "0123456789abcdef";

// Numbers without GREASE, to be sorted.
struct Numbers {
  std::array<std::uint16_t, kNumbersMax> number;
  std::size_t count = 0;

  void add(std::uint16_t value) {
    if (!is_grease(value) && count < kNumbersMax) number[count++] = value;
  }
  void sort() { std::sort(number.begin(), number.begin() + static_cast<std::ptrdiff_t>(count)); }
};

std::string_view version_text(std::uint16_t version) {
  switch (version) {
    case 0x0304:
      return "13";
    case 0x0303:
      return "12";
    case 0x0302:
      return "11";
    case 0x0301:
      return "10";
    case 0x0300:
      return "s3";
    case 0x0002:
      return "s2";
    case 0xfeff:
      return "d1";
    case 0xfefd:
      return "d2";
    case 0xfefc:
      return "d3";
    default:
      return "00";
  }
}

// DTLS counts downwards.
std::uint16_t highest_version(const TlsHello& hello, HelloTransport transport) {
  if (!hello.has_supported_versions) return hello.version;
  std::uint16_t highest = 0;
  for (const std::uint16_t version : hello.supported_versions) {
    if (is_grease(version)) continue;
    const bool higher = transport == HelloTransport::kDtls ? version < highest : version > highest;
    if (highest == 0 || higher) highest = version;
  }
  return highest;
}

bool is_letter_or_digit(std::uint8_t byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

// First and last byte of the first protocol name, or of its hex form where either is neither letter nor digit.
std::array<char, 2> alpn_ends(const TlsHello& hello) {
  Bytes name;
  for_each_alpn(hello, [&](Bytes each) {
    if (name.empty()) name = each;
  });
  if (name.empty()) return {'0', '0'};
  const auto first = std::to_integer<std::uint8_t>(name.front());
  const auto last = std::to_integer<std::uint8_t>(name.back());
  if (is_letter_or_digit(first) && is_letter_or_digit(last)) return {static_cast<char>(first), static_cast<char>(last)};
  return {kHex[first >> 4], kHex[last & 15]};
}

std::array<char, kPartABytes> part_a(const TlsHello& hello, HelloTransport transport) {
  std::size_t ciphers = 0;
  for (const std::uint16_t cipher : hello.ciphers) ciphers += is_grease(cipher) ? 0 : 1;
  std::size_t extensions = 0;
  for_each_extension(hello, [&](std::uint16_t type, Bytes) { extensions += is_grease(type) ? 0 : 1; });
  ciphers = std::min<std::size_t>(ciphers, 99);
  extensions = std::min<std::size_t>(extensions, 99);
  const auto digit = [](std::size_t value) { return static_cast<char>('0' + value); };
  const std::string_view version = version_text(highest_version(hello, transport));
  const std::array<char, 2> alpn = alpn_ends(hello);
  return {static_cast<char>(transport),
          version[0],
          version[1],
          hello.has_server_name ? 'd' : 'i',
          digit(ciphers / 10),
          digit(ciphers % 10),
          digit(extensions / 10),
          digit(extensions % 10),
          alpn[0],
          alpn[1]};
}

template <typename Out>
void write_number(std::uint16_t value, const Out& out) {
  const char hex[] = {kHex[value >> 12], kHex[(value >> 8) & 15], kHex[(value >> 4) & 15], kHex[value & 15]};
  out(std::string_view(hex, sizeof hex));
}

// The parts b and c write nothing, and say so, where there is nothing to hash.
template <typename Out>
bool write_ciphers(const TlsHello& hello, const Out& out) {
  Numbers ciphers;
  for (const std::uint16_t cipher : hello.ciphers) ciphers.add(cipher);
  ciphers.sort();
  for (std::size_t i = 0; i < ciphers.count; ++i) {
    if (i != 0) out(",");
    write_number(ciphers.number[i], out);
  }
  return ciphers.count != 0;
}

template <typename Out>
bool write_extensions(const TlsHello& hello, const Out& out) {
  Numbers types;
  for_each_extension(hello, [&](std::uint16_t type, Bytes) {
    if (type != kExtServerName && type != kExtAlpn) types.add(type);
  });
  if (types.count == 0) return false;
  types.sort();
  for (std::size_t i = 0; i < types.count; ++i) {
    if (i != 0) out(",");
    write_number(types.number[i], out);
  }
  char before = '_';
  for (const std::uint16_t signature : hello.signatures) {
    if (is_grease(signature)) continue;
    out(std::string_view(&before, 1));
    before = ',';
    write_number(signature, out);
  }
  return true;
}

}  // namespace

std::string ja4_raw(const TlsHello& hello, HelloTransport transport) {
  const auto a = part_a(hello, transport);
  std::string raw(a.data(), a.size());
  const auto out = [&](std::string_view piece) { raw += piece; };
  raw += '_';
  write_ciphers(hello, out);
  raw += '_';
  write_extensions(hello, out);
  return raw;
}

std::optional<Ja4> ja4(const TlsHello& hello, HelloTransport transport, Digests& digests) {
  Ja4 result;
  char* to = result.text.data();
  const auto a = part_a(hello, transport);
  to = std::copy(a.begin(), a.end(), to);
  const auto add = [&](std::string_view piece) { digests.add(piece); };
  for (const bool ciphers : {true, false}) {
    if (!digests.start(Digests::Kind::kSha256)) return std::nullopt;
    const bool any = ciphers ? write_ciphers(hello, add) : write_extensions(hello, add);
    const std::string_view hex = digests.finish();
    if (hex.size() < kHashBytes) return std::nullopt;
    *to++ = '_';
    to = any ? std::copy_n(hex.begin(), kHashBytes, to) : std::fill_n(to, kHashBytes, '0');
  }
  return result;
}

}  // namespace ipm::decode

#include "source/pcap/not_a_capture.h"

#include <algorithm>
#include <cstdint>

namespace ipm::source::pcap {
namespace {

using namespace std::string_view_literals;

struct Known {
  std::string_view begins;
  std::string_view what;
};
constexpr Known kKnown[] = {
    {"\xfd"
     "7zXZ"sv,
     "xz-compressed: unpack it first"},
    {"BZh"sv, "bzip2-compressed: unpack it first"},
    {"\x04\x22\x4d\x18"sv, "lz4-compressed: unpack it first"},
    {"PK\x03\x04"sv, "a zip archive: unpack it first"},
    {"7z\xbc\xaf"sv, "a 7z archive: unpack it first"},
    {"\x1f\x8b"sv, "gzip-compressed twice: unpack it first"},
    {"\x28\xb5\x2f\xfd"sv, "zstd-compressed twice: unpack it first"},
    {"\x7f"
     "ELF"sv,
     "a program"},
    {"GMBU"sv, "a Network Monitor capture: convert it with editcap"},
    {"RTSS"sv, "a Network Monitor capture: convert it with editcap"},
    {"XCP\0"sv, "a NetXRay capture: convert it with editcap"},
    {"TRSNIFF data"sv, "a Sniffer capture: convert it with editcap"},
    {"\x7fver"sv, "an EtherPeek capture: convert it with editcap"},
    {"btsnoop\0"sv, "a Bluetooth capture"},
};

constexpr std::size_t kShownBytes = 8;

bool is_text(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte < 0x7f) || c == '\t' || c == '\n' || c == '\r';
  });
}

}  // namespace

std::string describe_first_bytes(std::string_view first_bytes) {
  if (first_bytes.empty()) return "it is empty";
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "it begins with";
  for (const char c : first_bytes.substr(0, kShownBytes)) {
    const auto byte = static_cast<std::uint8_t>(c);
    out += {' ', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  for (const Known& known : kKnown) {
    if (first_bytes.starts_with(known.begins)) return out + ", " + std::string(known.what);
  }
  return is_text(first_bytes) ? out + ", text" : out;
}

}  // namespace ipm::source::pcap

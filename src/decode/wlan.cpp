// IEEE 802.11 data frames that are not encrypted, and the radiotap header before them.
#include "decode/layer.h"

namespace ipm::decode {
namespace {

bool starts_with(Bytes bytes, std::size_t at, Bytes what) {
  return bytes.size() >= at + what.size() &&
         std::equal(what.begin(), what.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

bool is_snap(Bytes bytes) {
  constexpr std::byte kSnap[] = {std::byte{0xaa}, std::byte{0xaa}, std::byte{3}, std::byte{0}, std::byte{0}};
  return starts_with(bytes, 0, kSnap);
}

// The body of a data frame: LLC nearly always. Some hardware leaves a whole Ethernet frame in it, or two bytes before
// the LLC; outside of a BSS it begins with the type (IEEE 802.11-2020 §5.1.4).
Layer read_body(const Layer& body, Bytes destination, Bytes source, std::uint16_t sequence) {
  Cursor cursor(body.bytes);
  const std::uint16_t first = cursor.u16();
  const auto as_llc = [&](std::size_t skipped) {
    Cursor from(body.bytes);
    from.skip(skipped);
    return rest(body, from, LayerKind::kLlc);
  };
  if (cursor.failed() || first == 0xaaaa) return as_llc(0);
  if (starts_with(body.bytes, 6, source) || starts_with(body.bytes, 0, destination)) {
    Cursor from(body.bytes);
    return rest(body, from, LayerKind::kEthernet);
  }
  if (first == 0xffff) return {};
  if (first == 0 && starts_with(body.bytes, 6, destination) && starts_with(body.bytes, 12, source)) {
    Cursor from(body.bytes);
    from.skip(6);
    return rest(body, from, LayerKind::kEthernet);
  }
  if (first == 0 || static_cast<std::uint16_t>((first << 8) | (first >> 8)) == sequence) return as_llc(2);
  if (first == 0x0800 || first == 0x86dd) return rest(body, cursor, LayerKind::kEtherType, first);
  return as_llc(0);
}

// IEEE 802.11-2020 §9.2.4.8.3: a mesh control field of 6 bytes and up to two addresses.
void skip_mesh_control(Cursor& cursor) {
  const std::uint8_t flags = cursor.u8();
  cursor.skip(5 + (flags & 3U) * 6);
}

}  // namespace

Layer read_wlan(const Layer& layer) {
  constexpr std::uint16_t kToDs = 0x0100, kFromDs = 0x0200, kMoreFragments = 0x0400, kProtected = 0x4000,
                          kOrder = 0x8000;
  Cursor cursor(layer.bytes);
  std::uint16_t control = little16(cursor);
  if ((layer.number & kWlanSwappedType) != 0) control = static_cast<std::uint16_t>((control << 8) | (control >> 8));
  const std::uint32_t subtype = (control >> 4) & 15U;
  if (cursor.failed()) return {.kind = LayerKind::kShort};
  // Version 0, type 2: data. Subtypes with bit 2 have none.
  if ((control & 0x0fU) != 8 || (subtype & 4U) != 0 || (control & kProtected) != 0) return {};
  cursor.skip(2);
  const Bytes first = cursor.take(6), second = cursor.take(6), third = cursor.take(6);
  const std::uint16_t sequence = little16(cursor);
  const bool to_ds = (control & kToDs) != 0, from_ds = (control & kFromDs) != 0;
  const Bytes fourth = to_ds && from_ds ? cursor.take(6) : Bytes{};
  std::uint16_t quality = 0;
  if ((subtype & 8U) != 0) {
    quality = little16(cursor);
    if ((control & kOrder) != 0) cursor.skip(4);  // HT control
  }
  if ((layer.number & kWlanPadded) != 0) cursor.skip((4 - cursor.at() % 4) % 4);
  if (to_ds && from_ds && (quality & 0x100U) != 0) skip_mesh_control(cursor);
  const Layer body = rest(layer, cursor, LayerKind::kLlc);
  if (body.kind != LayerKind::kLlc) return body;
  // A later fragment has no header; but some cards put frames together and leave the number of the last fragment.
  if ((sequence & 15U) != 0 && ((control & kMoreFragments) != 0 || !is_snap(body.bytes))) return {};
  if ((quality & 0x80U) != 0) {  // An A-MSDU; the first of its frames stands for all.
    Cursor inside(body.bytes);
    inside.skip(12);
    const std::uint16_t length = inside.u16();
    return limited(rest(body, inside, LayerKind::kLlc), length);
  }
  const Bytes destination = to_ds ? third : first;
  const Bytes source = !from_ds ? second : to_ds ? fourth : third;
  return read_body(body, destination, source, sequence);
}

// https://www.radiotap.org: a little-endian header; which fields it has say the bits of one or more words.
Layer read_radiotap(const Layer& layer) {
  constexpr std::uint32_t kHasTimer = 1, kHasFlags = 2, kMoreWords = 0x8000'0000;
  constexpr std::uint8_t kFlagFcs = 0x10, kFlagPadded = 0x20;
  Cursor cursor(layer.bytes);
  cursor.skip(2);
  const std::uint16_t header_bytes = little16(cursor);
  const std::uint32_t fields = little32(cursor);
  for (std::uint32_t word = fields; (word & kMoreWords) != 0 && !cursor.failed();) word = little32(cursor);
  std::uint8_t flags = 0;
  if ((fields & kHasFlags) != 0) {
    if ((fields & kHasTimer) != 0) cursor.skip((8 - cursor.at() % 8) % 8 + 8);
    flags = cursor.u8();
  }
  if (cursor.failed()) return {.kind = LayerKind::kShort};
  if (header_bytes < 8) return {.kind = LayerKind::kMalformed};
  Cursor behind(layer.bytes);
  behind.skip(header_bytes);
  const Layer wlan = rest(layer, behind, LayerKind::kWlan, (flags & kFlagPadded) != 0 ? kWlanPadded : 0);
  return without_end(wlan, (flags & kFlagFcs) != 0 ? 4 : 0);
}

}  // namespace ipm::decode

#include "decode/quic_initial.h"

#include <algorithm>

#include "decode/google_hello.h"

namespace ipm::decode {
namespace {

constexpr std::uint8_t kClientHello = 1;
constexpr std::uint8_t kGoogleHello = 'C';  // Of "CHLO".
constexpr std::uint32_t kHandshakeHeaderBytes = 4;

// The frames that an Initial packet may hold, RFC 9000 §12.4.
enum Frame : std::uint8_t {
  kPadding = 0x00,
  kPing = 0x01,
  kAck = 0x02,
  kAckEcn = 0x03,
  kCrypto = 0x06,
  kGoogleCrypto = 0x08,  // Instead of kCrypto.
  kConnectionClose = 0x1c,
};

// RFC 9000 §19.3. The number of ranges is no bound of work: each takes two bytes at least.
void skip_ack(Cursor& cursor, bool with_ecn) {
  quic_number(cursor);  // Largest acknowledged.
  quic_number(cursor);  // Delay.
  std::uint64_t ranges = quic_number(cursor);
  quic_number(cursor);  // First range.
  for (; ranges > 0 && !cursor.failed(); --ranges) {
    quic_number(cursor);
    quic_number(cursor);
  }
  for (int counts = with_ecn ? 3 : 0; counts > 0; --counts) quic_number(cursor);
}

}  // namespace

bool begins_quic_initial(Bytes datagram) {
  Cursor cursor(datagram);
  const std::uint8_t first = cursor.u8();
  const std::uint32_t number = cursor.u32();
  if (cursor.failed() || (first & 0x80U) == 0) return false;
  const QuicVersion* version = quic_version(number);
  if (version == nullptr) return false;
  return (first & 0x30U) == (version->second ? 0x10U : 0x00U);
}

QuicHello::QuicHello() : crypto_(kHelloBytesMax, kHolesMax) {}

void QuicHello::reset() {
  crypto_.clear();
  key_version_ = 0;
  packets_ = 0;
  next_number_ = 0;
  google_ = false;
  state_ = State::kWaiting;
  hello_ = {};
}

QuicHello::State QuicHello::feed(Bytes datagram, QuicProtection& protection) {
  QuicPacket next;
  while (state_ == State::kWaiting && !datagram.empty() && next_quic_packet(datagram, next) == Verdict::kOk) {
    if (next.type == QuicPacketType::kInitial) packet(next, protection);
  }
  return state_;
}

void QuicHello::packet(const QuicPacket& packet, QuicProtection& protection) {
  std::optional<QuicProtection::Opened> opened;
  if (key_version_ == packet.version) opened = protection.open(keys_, packet, next_number_);
  if (!opened && follow(packet, protection)) opened = protection.open(keys_, packet, next_number_);
  if (!opened) return;
  next_number_ = std::max(next_number_, opened->number + 1);
  state_ = frames(opened->frames, *quic_version(packet.version));
  if (state_ == State::kWaiting && ++packets_ == kPacketsMax) state_ = State::kGap;
}

// The first packet of the client, or the first after a Retry or version negotiation: its own destination is the key.
// Later ones go to the connection ID that the server chose, and keep the keys. Keys that a packet already proved are
// given up only for others that are proved as well. False: no new keys.
bool QuicHello::follow(const QuicPacket& packet, QuicProtection& protection) {
  const Bytes destination = packet.destination;
  const Bytes known = Bytes(key_cid_).first(key_cid_bytes_);
  if (key_version_ == packet.version && std::ranges::equal(destination, known)) return false;
  const QuicVersion* version = quic_version(packet.version);
  QuicKeys keys;
  if (version == nullptr || !protection.client_keys(*version, destination, keys)) return false;
  if (packets_ != 0) {
    if (!protection.open(keys, packet, 0)) return false;
    crypto_.clear();  // After a Retry the client begins again (RFC 9000 §17.2.5.3).
    next_number_ = 0;
  }
  keys_ = keys;
  key_version_ = packet.version;
  key_cid_bytes_ = static_cast<std::uint8_t>(destination.size());
  std::copy(destination.begin(), destination.end(), key_cid_.begin());
  return true;
}

QuicHello::State QuicHello::frames(Bytes frames, const QuicVersion& version) {
  Cursor cursor(frames);
  while (cursor.left() != 0) {
    std::uint8_t type = cursor.u8();
    if (version.google && type == kGoogleCrypto) type = kCrypto;
    switch (type) {
      case kPadding:
      case kPing:
        break;
      case kAck:
      case kAckEcn:
        skip_ack(cursor, type == kAckEcn);
        break;
      case kCrypto: {
        const std::uint64_t at = quic_number(cursor);
        const std::uint64_t bytes = quic_number(cursor);
        if (bytes > cursor.left()) return State::kMalformed;
        if (!crypto_.put(at, cursor.take(static_cast<std::size_t>(bytes)))) return State::kGap;
        break;
      }
      case kConnectionClose:  // The client gives up; nothing behind it matters.
        return scan();
      default:
        return State::kMalformed;
    }
    if (cursor.failed()) return State::kMalformed;
  }
  return scan();
}

QuicHello::State QuicHello::scan() {
  const Bytes known = crypto_.known();
  Cursor cursor(known);
  const std::uint8_t type = cursor.u8();
  const std::uint32_t bytes = cursor.u24();
  if (type == kGoogleHello) return scan_google(known);
  if (!known.empty() && type != kClientHello) return State::kMalformed;
  if (cursor.failed()) return State::kWaiting;
  if (bytes + kHandshakeHeaderBytes > kHelloBytesMax) return State::kTooLarge;
  if (bytes > cursor.left()) return State::kWaiting;
  const Bytes message = known.first(bytes + kHandshakeHeaderBytes);
  return parse_client_hello(message, hello_) == Verdict::kOk ? State::kDone : State::kMalformed;
}

QuicHello::State QuicHello::scan_google(Bytes known) {
  const Verdict verdict = parse_google_hello(known, hello_);
  if (verdict == Verdict::kShort) return State::kWaiting;
  google_ = true;
  return verdict == Verdict::kOk ? State::kDone : State::kMalformed;
}

std::string_view quic_hello_state_name(QuicHello::State state) {
  static constexpr std::string_view kNames[] = {"waiting", "done", "gap", "too_large", "malformed"};
  const auto number = static_cast<std::size_t>(state);
  return number < std::size(kNames) ? kNames[number] : "unknown";
}

}  // namespace ipm::decode

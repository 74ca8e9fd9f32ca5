#include "decode/dtls_hello.h"

namespace ipm::decode {
namespace {

constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kClientHello = 1;

struct Record {
  std::uint8_t type = 0;
  std::uint16_t epoch = 0;  // 0: in the clear.
  Bytes body;
};

// DTLS 1.0 is fe ff, 1.2 and the hello of 1.3 are fe fd; 01 00 is what OpenSSL and Cisco spoke before the standard.
bool is_dtls_version(std::uint16_t version) {
  return version == 0xfeff || version == 0xfefd || version == 0x0100;
}

Bytes without_capwap_preamble(Bytes datagram) {
  Cursor cursor(datagram);
  return cursor.u32() == 0x0100'0000 ? cursor.rest() : datagram;
}

// False: that is no record, or it is not whole.
bool next_record(Cursor& cursor, Record& out) {
  out.type = cursor.u8();
  const std::uint16_t version = cursor.u16();
  out.epoch = cursor.u16();
  cursor.skip(6);  // Sequence number.
  out.body = cursor.take(cursor.u16());
  return !cursor.failed() && is_dtls_version(version);
}

}  // namespace

bool begins_dtls_hello(Bytes datagram) {
  Cursor cursor(without_capwap_preamble(datagram));
  if (cursor.u8() != kHandshakeRecord || !is_dtls_version(cursor.u16()) || cursor.u16() != 0) return false;
  cursor.skip(8);
  return cursor.u8() == kClientHello && !cursor.failed();
}

DtlsHello::DtlsHello() : body_(kHelloBytesMax, kHolesMax) {}

void DtlsHello::reset() {
  body_.clear();
  body_bytes_ = 0;
  message_number_ = 0;
  fragments_ = 0;
  state_ = State::kWaiting;
  hello_ = {};
}

DtlsHello::State DtlsHello::feed(Bytes datagram) {
  if (state_ == State::kWaiting) state_ = records(datagram);
  return state_;
}

DtlsHello::State DtlsHello::records(Bytes datagram) {
  Cursor cursor(without_capwap_preamble(datagram));
  Record record;
  while (cursor.left() != 0 && next_record(cursor, record)) {
    if (record.type != kHandshakeRecord || record.epoch != 0) continue;
    const State state = messages(record.body);
    if (state != State::kWaiting) return state;
  }
  return State::kWaiting;
}

// A record may hold several messages, or fragments of them.
DtlsHello::State DtlsHello::messages(Bytes record) {
  Cursor cursor(record);
  while (cursor.left() != 0) {
    const std::uint8_t type = cursor.u8();
    const std::uint32_t bytes = cursor.u24();
    const std::uint16_t number = cursor.u16();
    const std::uint32_t at = cursor.u24();
    const std::uint32_t fragment_bytes = cursor.u24();
    const Bytes fragment = cursor.take(fragment_bytes);
    if (cursor.failed() || at + fragment_bytes > bytes) return State::kMalformed;
    if (type != kClientHello) continue;
    if (bytes > kHelloBytesMax) return State::kTooLarge;
    if (fragments_ == 0 || number > message_number_) {  // The first, or the next with a cookie.
      body_.clear();
      message_number_ = number;
      body_bytes_ = bytes;
    } else if (number < message_number_ || bytes != body_bytes_) {
      continue;
    }
    if (!body_.put(at, fragment)) return State::kGap;
    ++fragments_;
    if (body_.known().size() >= body_bytes_) {
      const Bytes body = body_.known().first(body_bytes_);
      const Verdict verdict = parse_client_hello_body(body, HelloForm::kDtls, hello_);
      return verdict == Verdict::kOk ? State::kDone : State::kMalformed;
    }
    if (fragments_ >= kFragmentsMax) return State::kGap;
  }
  return State::kWaiting;
}

std::string_view dtls_hello_state_name(DtlsHello::State state) {
  static constexpr std::string_view kNames[] = {"waiting", "done", "gap", "too_large", "malformed"};
  const auto number = static_cast<std::size_t>(state);
  return number < std::size(kNames) ? kNames[number] : "unknown";
}

}  // namespace ipm::decode

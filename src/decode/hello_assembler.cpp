#include "decode/hello_assembler.h"

#include <algorithm>
#include <cstring>

namespace ipm::decode {
namespace {

constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kClientHello = 1;
constexpr std::uint32_t kHandshakeHeaderBytes = 4;
constexpr std::uint32_t kRecordBytesMax = 1U << 14;  // RFC 8446 §5.1

}  // namespace

HelloAssembler::HelloAssembler() : stream_(kStreamBytesMax, kHolesMax) {}

void HelloAssembler::reset(std::uint32_t first_seq) {
  first_seq_ = first_seq;
  pieces_ = 0;
  stream_.clear();
  state_ = State::kWaiting;
  hello_ = {};
}

HelloAssembler::State HelloAssembler::feed(std::uint32_t seq, Bytes payload) {
  if (state_ != State::kWaiting || payload.empty()) return state_;
  // Sequence numbers wrap: what is less than half of them away is ahead, the rest was sent before the stream began.
  const std::uint32_t ahead = seq - first_seq_;
  const bool before = ahead >= 0x8000'0000U;
  const std::uint32_t early_bytes = before ? first_seq_ - seq : 0;
  if (early_bytes < payload.size() && !stream_.put(before ? 0 : ahead, payload.subspan(early_bytes))) {
    state_ = State::kGap;
  }
  if (state_ == State::kWaiting) state_ = scan();
  if (state_ == State::kWaiting && ++pieces_ == kPiecesMax) state_ = State::kGap;
  return state_;
}

// Walks the records that begin in what is known. At most kRecordsMax of them, so a walk anew each time is cheap.
HelloAssembler::State HelloAssembler::scan() {
  Cursor cursor(stream_.known());
  std::uint32_t message_bytes = 0;  // Of the hello, so far.
  std::uint32_t wanted_bytes = 0;   // 0: its header is not there yet.
  std::uint8_t header[kHandshakeHeaderBytes] = {};
  for (std::uint32_t records = 0; cursor.left() != 0;) {
    const bool first = records == 0;
    if (cursor.u8() != kHandshakeRecord) return first ? State::kNotTls : State::kMalformed;
    if (cursor.left() == 0) return State::kWaiting;
    if (cursor.u8() != 3) return first ? State::kNotTls : State::kMalformed;
    cursor.skip(1);
    const std::uint16_t record_bytes = cursor.u16();
    if (cursor.failed()) return State::kWaiting;
    if (record_bytes == 0 || record_bytes > kRecordBytesMax) return first ? State::kNotTls : State::kMalformed;
    if (++records > kRecordsMax) return State::kTooLarge;
    const Bytes body = cursor.take(std::min<std::size_t>(record_bytes, cursor.left()));
    for (std::size_t i = 0; i < body.size() && message_bytes + i < kHandshakeHeaderBytes; ++i) {
      header[message_bytes + i] = std::to_integer<std::uint8_t>(body[i]);
    }
    message_bytes += static_cast<std::uint32_t>(body.size());
    if (message_bytes != 0 && header[0] != kClientHello) return State::kNotTls;
    if (message_bytes >= kHandshakeHeaderBytes) {
      wanted_bytes = kHandshakeHeaderBytes + (header[1] * 65'536U + header[2] * 256U + header[3]);
      if (wanted_bytes > kHelloBytesMax) return State::kTooLarge;
      if (message_bytes >= wanted_bytes) {
        join_records(records);
        const Bytes message = stream_.known().first(wanted_bytes);
        return parse_client_hello(message, hello_) == Verdict::kOk ? State::kDone : State::kMalformed;
      }
    }
    if (body.size() < record_bytes) return State::kWaiting;
  }
  return State::kWaiting;
}

// Takes the record headers out, in place. The last record may not be whole, what is there of it suffices.
void HelloAssembler::join_records(std::uint32_t records) {
  const std::span<std::byte> stream = stream_.all();
  std::size_t from = 0;
  std::size_t to = 0;
  for (std::uint32_t i = 0; i < records; ++i) {
    Cursor cursor(stream.subspan(from));
    cursor.skip(3);
    const std::uint16_t record_bytes = cursor.u16();
    from += kRecordHeaderBytes;
    const std::size_t body_bytes = std::min<std::size_t>(record_bytes, stream.size() - from);
    std::memmove(stream.data() + to, stream.data() + from, body_bytes);
    from += body_bytes;
    to += body_bytes;
  }
}

bool HelloAssembler::end_cut() {
  if (state_ != State::kWaiting) return false;
  // The hello's body of the first record; further records are not worth the trouble.
  Cursor cursor(stream_.known());
  cursor.skip(3);
  const std::uint16_t record_bytes = cursor.u16();
  Cursor message(cursor.take(std::min<std::size_t>(record_bytes, cursor.left())));
  message.skip(kHandshakeHeaderBytes);
  if (message.failed() || parse_client_hello_beginning(message.rest(), HelloForm::kTls, hello_) != Verdict::kOk) {
    return false;
  }
  state_ = State::kDone;
  return true;
}

std::string_view hello_state_name(HelloAssembler::State state) {
  static constexpr std::string_view kNames[] = {"waiting", "done", "not_tls", "gap", "too_large", "malformed"};
  const auto number = static_cast<std::size_t>(state);
  return number < std::size(kNames) ? kNames[number] : "unknown";
}

}  // namespace ipm::decode

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

HelloAssembler::HelloAssembler() : stream_(kStreamBytesMax) {}

void HelloAssembler::reset(std::uint32_t first_seq) {
  first_seq_ = first_seq;
  pieces_ = known_bytes_ = stretches_ = 0;
  state_ = State::kWaiting;
  hello_ = {};
}

HelloAssembler::State HelloAssembler::feed(std::uint32_t seq, Bytes payload) {
  if (state_ != State::kWaiting || payload.empty()) return state_;
  // Sequence numbers wrap: what is less than half of them away is ahead, the rest was sent before the stream began.
  const std::uint32_t ahead = seq - first_seq_;
  const bool before = ahead >= 0x8000'0000U;
  const std::uint32_t early_bytes = before ? first_seq_ - seq : 0;
  if (early_bytes < payload.size()) keep(before ? 0 : ahead, payload.subspan(early_bytes));
  if (state_ == State::kWaiting) state_ = scan();
  if (state_ == State::kWaiting && ++pieces_ == kPiecesMax) state_ = State::kGap;
  return state_;
}

// Of bytes that come twice the first ones count, where they follow on what was known before.
void HelloAssembler::keep(std::uint32_t at, Bytes payload) {
  if (at >= kStreamBytesMax) return;
  payload = payload.first(std::min<std::size_t>(payload.size(), kStreamBytesMax - at));
  const auto end = at + static_cast<std::uint32_t>(payload.size());
  if (end <= known_bytes_) return;
  if (at < known_bytes_) {
    payload = payload.subspan(known_bytes_ - at);
    at = known_bytes_;
  }
  std::memcpy(stream_.data() + at, payload.data(), payload.size());
  if (!note({at, end})) state_ = State::kGap;
}

// Joins the stretch with those that it touches, and the first of them with what is known. False: no room for a hole
// more.
bool HelloAssembler::note(Stretch stretch) {
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
  if (stretches_ == kHolesMax) return false;
  beyond_[stretches_++] = stretch;
  return true;
}

// Walks the records that begin in what is known. At most kRecordsMax of them, so a walk anew each time is cheap.
HelloAssembler::State HelloAssembler::scan() {
  Cursor cursor(Bytes(stream_).first(known_bytes_));
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
        const Bytes message = Bytes(stream_).first(wanted_bytes);
        return parse_client_hello(message, hello_) == Verdict::kOk ? State::kDone : State::kMalformed;
      }
    }
    if (body.size() < record_bytes) return State::kWaiting;
  }
  return State::kWaiting;
}

// Takes the record headers out, in place. The last record may not be whole, what is there of it suffices.
void HelloAssembler::join_records(std::uint32_t records) {
  std::size_t from = 0;
  std::size_t to = 0;
  for (std::uint32_t i = 0; i < records; ++i) {
    Cursor cursor(Bytes(stream_).subspan(from));
    cursor.skip(3);
    const std::uint16_t record_bytes = cursor.u16();
    from += kRecordHeaderBytes;
    const std::size_t body_bytes = std::min<std::size_t>(record_bytes, stream_.size() - from);
    std::memmove(stream_.data() + to, stream_.data() + from, body_bytes);
    from += body_bytes;
    to += body_bytes;
  }
}

std::string_view hello_state_name(HelloAssembler::State state) {
  static constexpr std::string_view kNames[] = {"waiting", "done", "not_tls", "gap", "too_large", "malformed"};
  const auto number = static_cast<std::size_t>(state);
  return number < std::size(kNames) ? kNames[number] : "unknown";
}

}  // namespace ipm::decode

#include "decode/dns_stream.h"

#include <algorithm>

namespace ipm::decode {
namespace {

constexpr std::uint32_t kLengthBytes = 2;
constexpr std::uint32_t kMessageBytesMin = 12;  // A header.
constexpr std::uint32_t kWaitingBytesMax = kLengthBytes + 65'535;

}  // namespace

DnsStreams::DnsStreams(std::uint32_t streams_max) : streams_(std::max<std::uint32_t>(streams_max, 1)) {}

DnsStreams::Stream* DnsStreams::find(const Ends& ends) {
  const auto found =
      std::ranges::find_if(streams_, [&](const Stream& stream) { return stream.touched != 0 && stream.ends == ends; });
  return found == streams_.end() ? nullptr : &*found;
}

// Free ones were touched at 0, and come first.
DnsStreams::Stream& DnsStreams::make(const Ends& ends) {
  Stream& stream = *std::ranges::min_element(streams_, {}, &Stream::touched);
  stats_.given_up += stream.touched != 0 ? 1 : 0;
  forget(stream);
  stream.ends = ends;
  return stream;
}

void DnsStreams::forget(Stream& stream) {
  stream.touched = 0;
  stream.pieces = 0;
  if (stream.waiting) stream.waiting->clear();
}

void DnsStreams::begin(const Packet& segment) {
  at_ = nullptr;
  rest_ = {};
  taken_ = 0;
  waiting_ = false;
  ends_ = (segment.tcp_flags & (kFin | kRst)) != 0;
  cut_bytes_ = segment.cut() ? segment.payload_bytes - static_cast<std::uint32_t>(segment.payload.size()) : 0;
  const Ends ends{segment.src, segment.dst, segment.src_port, segment.dst_port};
  Stream* stream = find(ends);
  const bool syn = (segment.tcp_flags & kSyn) != 0;
  if (stream != nullptr && (syn || (segment.payload.empty() && ends_))) {
    forget(*stream);
    stream = nullptr;
  }
  if (segment.payload.empty()) return;
  std::uint32_t seq = segment.seq + (syn ? 1 : 0);
  Bytes payload = segment.payload;
  if (stream == nullptr) {
    stream = &make(ends);
    stream->next_seq = seq;
  }
  stream->touched = ++clock_;
  at_ = stream;
  if (seq - stream->next_seq >= 0x8000'0000U) {  // What was seen before.
    const std::uint32_t seen_bytes = stream->next_seq - seq;
    if (seen_bytes >= payload.size()) return;
    payload = payload.subspan(seen_bytes);
    seq = stream->next_seq;
  }
  const bool is_waiting = stream->waiting && !stream->waiting->empty();
  if (seq == stream->next_seq && !is_waiting) {
    rest_ = payload;
    return;
  }
  if (!stream->waiting) stream->waiting = std::make_unique<PieceBuffer>(kWaitingBytesMax, kHolesMax);
  const std::uint32_t at = seq - stream->next_seq;
  if (at + payload.size() > kWaitingBytesMax || ++stream->pieces > kPiecesMax || !stream->waiting->put(at, payload)) {
    ++stats_.broken;  // Begin anew with this segment.
    stream->waiting->clear();
    stream->pieces = 0;
    stream->next_seq = seq;
    rest_ = payload;
    return;
  }
  waiting_ = true;
}

std::optional<Bytes> DnsStreams::next() {
  if (at_ == nullptr) return std::nullopt;
  const Bytes there = waiting_ ? at_->waiting->known().subspan(taken_) : rest_;
  Cursor cursor(there);
  const std::uint16_t length = cursor.u16();
  if (cursor.failed()) {
    end_segment();
    return std::nullopt;
  }
  if (length < kMessageBytesMin) {
    ++stats_.broken;
    forget(*at_);
    at_ = nullptr;
    return std::nullopt;
  }
  if (length > cursor.left() && cut_bytes_ == 0) {
    end_segment();
    return std::nullopt;
  }
  const Bytes message = cursor.take(std::min<std::size_t>(length, cursor.left()));
  const auto bytes = static_cast<std::uint32_t>(kLengthBytes + message.size());
  at_->next_seq += bytes;
  at_->pieces = 0;
  if (waiting_) {
    taken_ += bytes;
  } else {
    rest_ = rest_.subspan(bytes);
  }
  return message;
}

// What is left waits for the next segment.
void DnsStreams::end_segment() {
  Stream& stream = *at_;
  at_ = nullptr;
  if (waiting_) {
    stream.waiting->consume(taken_);
  } else if (!rest_.empty()) {
    if (!stream.waiting) stream.waiting = std::make_unique<PieceBuffer>(kWaitingBytesMax, kHolesMax);
    stream.pieces = 1;
    (void)stream.waiting->put(0, rest_);  // No hole: it begins at 0.
  }
  if (cut_bytes_ != 0) {  // Nothing will ever fill this.
    stream.next_seq += static_cast<std::uint32_t>(stream.waiting ? stream.waiting->known().size() : 0) + cut_bytes_;
    if (stream.waiting) stream.waiting->clear();
  }
  if (ends_) forget(stream);
}

}  // namespace ipm::decode

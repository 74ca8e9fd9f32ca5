// DNS messages out of TCP streams (RFC 1035 §4.2.2, RFC 7766): several in one segment, one over several segments, in
// any order and repeated. Each direction of a connection is a stream of its own. A stream whose beginning was not
// captured is taken to begin a message with its first segment, and so is one that lost bytes.
//
// Bound: streams_max streams, the longest untouched is given up first; a stream waits for a hole for kPiecesMax
// segments. Memory: 72 bytes a stream, and 64 KiB more once a segment ended inside a message; kept and reused.
// Threads: one at a time.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "decode/ip.h"
#include "decode/piece_buffer.h"

namespace ipm::decode {

class DnsStreams {
 public:
  static constexpr std::uint32_t kPiecesMax = 64;
  static constexpr std::uint32_t kHolesMax = 8;
  struct Stats {
    std::uint64_t given_up = 0;  // For want of room.
    std::uint64_t broken = 0;    // A hole was never filled, or a length is no DNS message's.
  };

  explicit DnsStreams(std::uint32_t streams_max);

  // Any TCP segment. Its messages are then next()'s, until that is empty.
  void begin(const Packet& segment);
  // Good until the next call. A message that the capture cut off is given as far as it is there.
  std::optional<Bytes> next();

  const Stats& stats() const { return stats_; }

 private:
  struct Ends {
    model::IpAddress src = {}, dst = {};
    std::uint16_t src_port = 0, dst_port = 0;
    bool operator==(const Ends&) const = default;
  };
  struct Stream {
    Ends ends;
    std::uint32_t next_seq = 0;            // Where the next message begins.
    std::uint32_t pieces = 0;              // That came since the last message.
    std::uint64_t touched = 0;             // 0: free.
    std::unique_ptr<PieceBuffer> waiting;  // From next_seq on.
  };
  Stream* find(const Ends& ends);
  Stream& make(const Ends& ends);
  void end_segment();
  void forget(Stream& stream);

  std::vector<Stream> streams_;
  std::uint64_t clock_ = 0;  // Counts segments.
  // The segment at hand.
  Stream* at_ = nullptr;
  bool waiting_ = false;  // Messages come from at_->waiting, of which taken_ bytes are done; else from rest_.
  bool ends_ = false;     // It carries FIN or RST.
  std::uint32_t cut_bytes_ = 0;
  std::size_t taken_ = 0;
  Bytes rest_;
  Stats stats_;
};

}  // namespace ipm::decode

// How evenly the byte values of a payload are spread, in bits per byte: 8 for what is encrypted or compressed, 4 to 5
// for text. Counted over the first sample_bytes of one direction of a flow; only the number leaves.
//
// Counts lie in a bounded pool; a place is taken when the first payload comes. A sample that is full becomes a number
// in its ticket and frees its place. When the pool is full the sample that was begun first is ended with what it has,
// and handed back so that its flow can keep it.
//
// Memory: 544 bytes a sample under way, allocated as they are needed and then kept; a table of 8 bytes for each of
// sample_bytes. Threads: one at a time. No clock.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "decode/cursor.h"

namespace ipm::decode {

// A result: `bits` over `bytes` of payload. With n bytes at most log2(n) bits are possible, and what is random comes
// out about 184/n bits too low.
struct Entropy {
  float bits = 0;
  std::uint32_t bytes = 0;
};

// What the flow table keeps for each direction of a flow. Begins as zero; only ByteEntropy reads and changes it.
struct EntropyTicket {
  std::uint32_t generation =
      0;  // Of its place; 0: nothing was counted yet. Once ended: the bits of the result, a float.
  std::uint32_t place : 31 = 0;  // Once ended: the bytes of the result; 0: there is none.
  std::uint32_t ended : 1 = 0;
};
static_assert(sizeof(EntropyTicket) == 8);

class ByteEntropy {
 public:
  struct Options {
    std::uint32_t samples_max = 8192;
    std::uint32_t sample_bytes = 1024;  // At most kSampleBytesMax. What a flow costs grows with it.
    std::uint32_t bytes_min = 1;        // Of fewer there is no result: it would say more of their number than of them.
  };
  static constexpr std::uint32_t kSampleBytesMax = 16 * 1024;
  struct Stats {
    std::uint64_t samples = 0;
    std::uint64_t ended_early = 0;  // For want of room.
    std::uint32_t under_way = 0;    // Now.
    std::uint32_t under_way_high = 0;
  };
  // A sample that had to make room. `owner` is what add() was given with it.
  struct Ended {
    std::uint64_t owner = 0;
    Entropy result = {};
  };

  ByteEntropy();
  explicit ByteEntropy(Options options);

  // False: this direction is done, add() would change nothing.
  static bool wants(const EntropyTicket& ticket) { return ticket.ended == 0; }

  // Counts payload of one direction. `owner` is any number by which the caller finds the ticket again: where another
  // sample had to end for this one, it comes back with that sample's result, to be given to keep() with its ticket.
  std::optional<Ended> add(EntropyTicket& ticket, std::uint64_t owner, Bytes payload);
  static void keep(EntropyTicket& ticket, const Entropy& result);

  // As far as it is counted now. Empty: less than bytes_min came, or its sample was handed back and not kept.
  std::optional<Entropy> value(const EntropyTicket& ticket) const;
  // The flow is gone or closed: frees the place. What value() would give stays in the ticket.
  void end(EntropyTicket& ticket);

  const Stats& stats() const { return stats_; }

 private:
  static constexpr std::uint32_t kNone = 0xffff'ffff;
  struct Sample {
    std::array<std::uint16_t, 256> counts;
    std::uint32_t bytes = 0;
    std::uint32_t generation = 1;                // Never 0.
    std::uint32_t older = kNone, newer = kNone;  // By the time of beginning; `newer` also links free ones.
    std::uint64_t owner = 0;
  };
  std::uint32_t begin(std::uint64_t owner, std::optional<Ended>& ended);
  void free(std::uint32_t place);
  Entropy result_of(const Sample& sample) const;  // Of no bytes: there is none.

  const Options options_;
  std::vector<double> n_log_n_;  // n · log2(n), of every count that there can be.
  std::deque<Sample> samples_;
  std::uint32_t free_ = kNone;
  std::uint32_t oldest_ = kNone, newest_ = kNone;
  Stats stats_;
};

}  // namespace ipm::decode

// Segments of one direction that the other has not acknowledged: where each ends and when it was sent. In order of
// sequence, each end once, with the time of the first segment that ended there.
//
// The first two lie beside the flow, more in lines of the pool, which are given back at once. Bounded: segments_max;
// then every second one is forgotten, so that what is left still spans the flight. Where the pool is empty a segment is
// not remembered.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "decode/flow/slab.h"

namespace ipm::decode::flow {

struct SentSegment {
  std::uint32_t end = 0;
  bool repeated = false;  // Some of its bytes were sent more than once.
  TimeNs time_ns = 0;     // Not negative.
};

// A segment in 12 bytes.
struct PackedSegment {
  std::uint32_t words[3] = {};
};
inline constexpr std::uint32_t kNearSegments = 2;

// The oldest are the near ones, a ring; then come those of the blocks.
struct SegmentQueue {
  std::uint32_t head_block = kNoSlot;
  std::uint32_t tail_block = kNoSlot;
  std::uint16_t segments = 0;
  std::uint8_t head_at : 4 = 0;     // Where the first is in its block.
  std::uint8_t tail_count : 4 = 0;  // Places of the last block that are taken, those given up included.
  std::uint8_t near_at : 4 = 0;
  std::uint8_t near_count : 4 = 0;
};
static_assert(sizeof(SegmentQueue) == 12);
struct NearSegments {
  PackedSegment places[kNearSegments] = {};
};

// What an acknowledgement took from the queue.
struct Acknowledged {
  bool exact = false;        // A segment ended there.
  TimeNs exact_time_ns = 0;  // When it was sent.
  bool any = false;
  SentSegment newest = {};  // Of those acknowledged, the last one.
};

// A queue with all that it lies in.
class Segments {
 public:
  Segments(SegmentQueue& queue, NearSegments& near, BlockPool& pool) : queue_(queue), near_(near), pool_(pool) {}

  // The bytes from `start` to segment.end. If it is repeated, what it covers of the queue is marked as well.
  void push(std::uint32_t start, const SentSegment& segment, std::uint32_t segments_max);
  Acknowledged pop(std::uint32_t ack);
  void clear();

 private:
  // Of a segment: in a block, or the how manieth of the near ones with kNoSlot.
  struct Place {
    std::uint32_t block = kNoSlot;
    std::uint32_t at = 0;
  };
  Place first() const;
  bool at_end(const Place& place) const;
  void step(Place& place) const;
  std::uint32_t* words_at(const Place& place) const;
  SentSegment last() const;
  void append(const SentSegment& segment);
  void drop_first();
  void drop_blocks_from(std::uint32_t block);
  void thin();

  SegmentQueue& queue_;
  NearSegments& near_;
  BlockPool& pool_;
};

}  // namespace ipm::decode::flow

#include "decode/flow/segment_queue.h"

#include <cstring>
#include <utility>

#include "decode/flow/sequence.h"

namespace ipm::decode::flow {
namespace {

// A block is the number of the next one and five segments.
constexpr std::uint32_t kBlockSegments = 5;
constexpr std::uint32_t kSegmentWords = 3;
static_assert(1 + kBlockSegments * kSegmentWords <= sizeof(Block::words) / sizeof(std::uint32_t));

std::uint32_t& next_of(Block& block) {
  return block.words[0];
}

// The end, then twice the time plus `repeated`.
SentSegment unpack(const std::uint32_t* words) {
  const std::uint64_t stamp = words[1] | (static_cast<std::uint64_t>(words[2]) << 32);
  return {words[0], (stamp & 1) != 0, static_cast<TimeNs>(stamp >> 1)};
}
void pack(const SentSegment& segment, std::uint32_t* words) {
  const std::uint64_t stamp = (static_cast<std::uint64_t>(segment.time_ns) << 1) | (segment.repeated ? 1 : 0);
  words[0] = segment.end;
  words[1] = static_cast<std::uint32_t>(stamp);
  words[2] = static_cast<std::uint32_t>(stamp >> 32);
}

}  // namespace

Segments::Place Segments::first() const {
  if (queue_.near_count != 0) return {kNoSlot, 0};
  return {queue_.head_block, queue_.head_at};
}

bool Segments::at_end(const Place& place) const {
  if (place.block == kNoSlot) return place.at == queue_.near_count;
  return place.block == queue_.tail_block && place.at == queue_.tail_count;
}

// Only from a place that is not the end. Behind the last near segment comes the first block, if there is one.
void Segments::step(Place& place) const {
  ++place.at;
  if (place.block == kNoSlot) {
    if (at_end(place) && queue_.head_block != kNoSlot) place = {queue_.head_block, queue_.head_at};
  } else if (place.at == kBlockSegments && place.block != queue_.tail_block) {
    place = {next_of(pool_.at(place.block)), 0};
  }
}

std::uint32_t* Segments::words_at(const Place& place) const {
  if (place.block == kNoSlot) return near_.places[(queue_.near_at + place.at) % kNearSegments].words;
  return pool_.at(place.block).words + 1 + place.at * kSegmentWords;
}

SentSegment Segments::last() const {
  if (queue_.tail_block != kNoSlot) return unpack(words_at({queue_.tail_block, queue_.tail_count - 1U}));
  return unpack(words_at({kNoSlot, queue_.near_count - 1U}));
}

void Segments::append(const SentSegment& segment) {
  if (queue_.tail_block == kNoSlot && queue_.near_count < kNearSegments) {
    pack(segment, words_at({kNoSlot, queue_.near_count}));
    ++queue_.near_count;
    ++queue_.segments;
    return;
  }
  if (queue_.tail_block == kNoSlot || queue_.tail_count == kBlockSegments) {
    const std::uint32_t block = pool_.take();
    if (block == kNoSlot) return;
    next_of(pool_.at(block)) = kNoSlot;
    if (queue_.tail_block == kNoSlot) {
      queue_.head_block = block;
      queue_.head_at = 0;
    } else {
      next_of(pool_.at(queue_.tail_block)) = block;
    }
    queue_.tail_block = block;
    queue_.tail_count = 0;
  }
  pack(segment, words_at({queue_.tail_block, queue_.tail_count}));
  ++queue_.tail_count;
  ++queue_.segments;
}

void Segments::drop_first() {
  --queue_.segments;
  if (queue_.near_count != 0) {
    queue_.near_at = (queue_.near_at + 1U) % kNearSegments;
    --queue_.near_count;
    return;
  }
  ++queue_.head_at;
  if (queue_.segments == 0) {
    pool_.give(queue_.head_block);
    queue_ = {};
  } else if (queue_.head_at == kBlockSegments) {
    const std::uint32_t next = next_of(pool_.at(queue_.head_block));
    pool_.give(queue_.head_block);
    queue_.head_block = next;
    queue_.head_at = 0;
  }
}

void Segments::drop_blocks_from(std::uint32_t block) {
  while (block != kNoSlot) {
    const std::uint32_t next = next_of(pool_.at(block));
    pool_.give(block);
    block = next;
  }
}

// Keeps the first, the third and so on. Never longer than before, so it is written over itself.
void Segments::thin() {
  Place from = first();
  Place to = from;
  std::uint16_t kept = 0;
  for (bool keep = true; !at_end(from); keep = !keep) {
    const SentSegment segment = unpack(words_at(from));
    step(from);
    if (!keep) continue;
    if (kept != 0) step(to);
    pack(segment, words_at(to));
    ++kept;
  }
  queue_.segments = kept;
  if (to.block == kNoSlot) {  // All of them fit beside the flow.
    queue_.near_count = (to.at + 1) & 0xfU;
    drop_blocks_from(queue_.head_block);
    queue_.head_block = queue_.tail_block = kNoSlot;
    queue_.head_at = queue_.tail_count = 0;
  } else {
    drop_blocks_from(next_of(pool_.at(to.block)));
    next_of(pool_.at(to.block)) = kNoSlot;
    queue_.tail_block = to.block;
    queue_.tail_count = (to.at + 1) & 0xfU;
  }
}

void Segments::push(std::uint32_t start, const SentSegment& segment, std::uint32_t segments_max) {
  SentSegment carried = segment;
  // The usual segment lies behind all others.
  const bool in_order = queue_.segments == 0 || seq_after(segment.end, last().end);
  if (!in_order || segment.repeated) {
    bool inserting = false;
    for (Place place = first(); !at_end(place); step(place)) {
      SentSegment here = unpack(words_at(place));
      if (inserting) {
        pack(std::exchange(carried, here), words_at(place));
        continue;
      }
      if (segment.repeated && seq_after(here.end, start) && !seq_after(here.end, segment.end)) {
        here.repeated = true;
        pack(here, words_at(place));
      }
      if (here.end == segment.end) return;
      if (seq_after(here.end, segment.end)) {
        inserting = true;
        pack(std::exchange(carried, here), words_at(place));
      }
    }
  }
  if (queue_.segments >= segments_max) thin();
  append(carried);
}

Acknowledged Segments::pop(std::uint32_t ack) {
  Acknowledged out;
  while (queue_.segments != 0) {
    const SentSegment segment = unpack(words_at(first()));
    if (seq_after(segment.end, ack)) break;
    out.any = true;
    out.newest = segment;
    if (segment.end == ack) {
      out.exact = true;
      out.exact_time_ns = segment.time_ns;
    }
    drop_first();
  }
  return out;
}

void Segments::clear() {
  drop_blocks_from(queue_.head_block);
  queue_ = {};
}

}  // namespace ipm::decode::flow

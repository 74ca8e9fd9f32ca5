#include "decode/flow/seen_bytes.h"

#include <algorithm>

#include "decode/flow/sequence.h"

namespace ipm::decode::flow {
namespace {

// From `low` up to and without `high`. In a block: word 2i and 2i+1 of hole i, lowest first.
struct Hole {
  std::uint32_t low;
  std::uint32_t high;
};
static_assert(kHolesMax * 2 <= sizeof(Block::words) / sizeof(std::uint32_t));

Hole hole_at(const Block& block, std::uint32_t i) {
  return {block.words[2 * i], block.words[2 * i + 1]};
}
void set_hole(Block& block, std::uint32_t i, Hole hole) {
  block.words[2 * i] = hole.low;
  block.words[2 * i + 1] = hole.high;
}

void insert_hole(SeenBytes& seen, Block& block, std::uint32_t at, Hole hole) {
  for (std::uint32_t i = seen.holes; i > at; --i) set_hole(block, i, hole_at(block, i - 1));
  set_hole(block, at, hole);
  ++seen.holes;
}
void remove_hole(SeenBytes& seen, BlockPool& pool, std::uint32_t at) {
  Block& block = pool.at(seen.holes_block);
  for (std::uint32_t i = at + 1; i < seen.holes; ++i) set_hole(block, i - 1, hole_at(block, i));
  if (--seen.holes != 0) return;
  pool.give(seen.holes_block);
  seen.holes_block = kNoSlot;
}
void forget_lowest(SeenBytes& seen, BlockPool& pool) {
  const Hole lowest = hole_at(pool.at(seen.holes_block), 0);
  seen.unseen_bytes += lowest.high - lowest.low;
  seen.exact = false;
  remove_hole(seen, pool, 0);
}

// Above all others.
void add_hole(SeenBytes& seen, BlockPool& pool, Hole hole) {
  if (seen.holes == kHolesMax) forget_lowest(seen, pool);
  if (seen.holes_block == kNoSlot) seen.holes_block = pool.take();
  if (seen.holes_block == kNoSlot) {
    seen.unseen_bytes += hole.high - hole.low;
    seen.exact = false;
    return;
  }
  insert_hole(seen, pool.at(seen.holes_block), seen.holes, hole);
}

// Takes [start, end) out of the holes. How many bytes of it lay in them.
std::uint32_t fill(SeenBytes& seen, BlockPool& pool, std::uint32_t start, std::uint32_t end) {
  std::uint32_t filled = 0;
  for (std::uint32_t i = 0; i < seen.holes;) {
    const Hole hole = hole_at(pool.at(seen.holes_block), i);
    const std::uint32_t low = seq_after(start, hole.low) ? start : hole.low;
    const std::uint32_t high = seq_before(end, hole.high) ? end : hole.high;
    if (!seq_before(low, high)) {
      ++i;
      continue;
    }
    filled += high - low;
    if (low == hole.low && high == hole.high) {
      remove_hole(seen, pool, i);
    } else if (low == hole.low) {
      set_hole(pool.at(seen.holes_block), i++, {high, hole.high});
    } else if (high == hole.high) {
      set_hole(pool.at(seen.holes_block), i++, {hole.low, low});
    } else {
      if (seen.holes == kHolesMax) {
        forget_lowest(seen, pool);
        if (i == 0) {  // It was this one.
          seen.unseen_bytes -= high - low;
          continue;
        }
        --i;
      }
      Block& block = pool.at(seen.holes_block);
      set_hole(block, i, {hole.low, low});
      insert_hole(seen, block, i + 1, {high, hole.high});
      i += 2;
    }
  }
  return filled;
}

}  // namespace

void begin_stream(SeenBytes& seen, std::uint32_t first_byte) {
  if (seen.begun) return;
  seen.begun = true;
  seen.highest = seen.floor = first_byte;
}

NewBytes see(SeenBytes& seen, BlockPool& pool, std::uint32_t start, std::uint32_t bytes) {
  if (!seen.begun) {
    begin_stream(seen, start);
    seen.open_below = true;
  }
  NewBytes out;
  const std::uint32_t end = start + bytes;
  if (seq_after(start, seen.highest)) {
    if (start - seen.highest <= kWindowMaxBytes) {
      add_hole(seen, pool, {seen.highest, start});
    } else {
      seen.exact = false;
    }
    seen.highest = end;
    out.fresh = bytes;
    return out;
  }
  // Below what is highest, from here up to `known_end`, and above it.
  const std::uint32_t known_end = seq_after(end, seen.highest) ? seen.highest : end;
  if (seq_after(end, seen.highest)) {
    out.fresh = end - seen.highest;
    seen.highest = end;
  }
  std::uint32_t below = seen.holes == 0 ? 0 : fill(seen, pool, start, known_end);
  if (seen.open_below && seq_before(start, seen.floor)) {
    below += (seq_before(known_end, seen.floor) ? known_end : seen.floor) - start;
  }
  below = std::min(below, bytes - out.fresh);
  out.fills = below != 0;
  out.fresh += below;
  out.repeated = bytes - out.fresh;
  return out;
}

void acknowledge(SeenBytes& seen, BlockPool& pool, std::uint32_t ack) {
  if (seen.open_below && !seq_before(ack, seen.floor)) seen.open_below = false;
  while (seen.holes != 0) {
    const Hole hole = hole_at(pool.at(seen.holes_block), 0);
    if (!seq_after(ack, hole.low)) return;
    const bool whole = !seq_before(ack, hole.high);
    seen.unseen_bytes += (whole ? hole.high : ack) - hole.low;
    if (!whole) {
      set_hole(pool.at(seen.holes_block), 0, {ack, hole.high});
      return;
    }
    remove_hole(seen, pool, 0);
  }
}

std::uint64_t unseen_bytes(const SeenBytes& seen, const BlockPool& pool) {
  std::uint64_t sum = seen.unseen_bytes;
  for (std::uint32_t i = 0; i < seen.holes; ++i) {
    const Hole hole = hole_at(pool.at(seen.holes_block), i);
    sum += hole.high - hole.low;
  }
  return sum;
}

void clear(SeenBytes& seen, BlockPool& pool) {
  while (seen.holes != 0) remove_hole(seen, pool, 0);
}

}  // namespace ipm::decode::flow

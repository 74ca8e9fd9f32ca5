#include "decode/fragments.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

namespace ipm::decode {
namespace {

constexpr std::size_t kHashedBytes = 36;  // Addresses and id lie side by side.
static_assert(offsetof(FragmentKey, protocol) == kHashedBytes);

}  // namespace

FragmentTable::FragmentTable(Options options)
    : options_{.datagrams_max = std::max(options.datagrams_max, 1U),
               .waiting_max = std::max(options.waiting_max, 1U),
               .timeout_ns = options.timeout_ns,
               .hash_seed = options.hash_seed},
      index_(64, kNone) {}

FragmentTable::Ends FragmentTable::ends_of(const Packet& packet) {
  return {packet.src, packet.dst, packet.src_port, packet.dst_port, packet.protocol};
}

void FragmentTable::set_ends(const Ends& ends, Packet& packet) {
  packet.src = ends.src;
  packet.dst = ends.dst;
  packet.src_port = ends.src_port;
  packet.dst_port = ends.dst_port;
  packet.protocol = ends.protocol;
}

FragmentTable::Ready FragmentTable::join(Frame& frame, TimeNs time_ns, std::uint32_t wire_bytes) {
  now_ns_ = std::max(now_ns_, time_ns);
  for (JoinedFragment missed; next_joined(missed);) {
  }
  if (options_.timeout_ns != 0) expire();
  Ready ready;
  if (frame.inner.later_fragment) {
    const FragmentKey key = fragment_key(frame.inner);
    const std::uint32_t slot = find(key);
    if (slot == kNone || !datagrams_[slot].known) {
      ready.inner = false;
      ready.outer = frame.tunnelled;
      keep(frame, key, time_ns, wire_bytes);
      return ready;
    }
    Datagram& datagram = datagrams_[slot];
    unlink(slot);
    link(slot);
    ++counters_.joined;
    if (!frame.tunnelled && datagram.inner != datagram.outer) {
      frame.outermost = frame.inner;
      set_ends(datagram.outer, frame.outermost);
      frame.tunnelled = true;
    }
    set_ends(datagram.inner, frame.inner);
  }
  for (std::uint8_t i = 0; i < frame.first_fragments; ++i) learn(frame.first_fragment[i], frame);
  return ready;
}

bool FragmentTable::next_joined(JoinedFragment& out) {
  if (first_ready_ == kNone) return false;
  const std::uint32_t slot = first_ready_;
  Fragment& fragment = fragments_[slot];
  first_ready_ = fragment.next;
  if (first_ready_ == kNone) last_ready_ = kNone;
  out = {};
  out.direction = fragment.direction;
  out.time_ns = fragment.time_ns;
  out.wire_bytes = fragment.wire_bytes;
  out.inner.later_fragment = true;
  out.inner.ip_bytes = fragment.ip_bytes;
  out.inner.payload_bytes = fragment.payload_bytes;
  out.outer = out.inner;
  set_ends(fragment.inner, out.inner);
  set_ends(fragment.outer, out.outer);
  out.has_inner = true;
  out.has_outer = !fragment.inner_only;
  out.tunnelled = fragment.inner_only || fragment.inner != fragment.outer;
  fragment.next = free_fragment_;
  free_fragment_ = slot;
  return true;
}

// The first fragment of a datagram came.
void FragmentTable::learn(const FirstFragment& first, const Frame& frame) {
  std::uint32_t slot = find(first.key);
  if (slot == kNone) {
    slot = add(first.key, true);
  } else {
    unlink(slot);
    datagrams_[slot].known = true;
    link(slot);
  }
  Datagram& datagram = datagrams_[slot];
  datagram.inner = ends_of(frame.inner);
  datagram.outer = first.in_datagram ? datagram.inner : ends_of(frame.outer());
  release(datagram);
  if (known_.count > options_.datagrams_max) {
    ++counters_.datagrams_evicted;
    remove(known_.oldest);
  }
}

// What waited for it is ready.
void FragmentTable::release(Datagram& datagram) {
  if (datagram.first_waiting == kNone) return;
  for (std::uint32_t at = datagram.first_waiting; at != kNone; at = fragments_[at].next) {
    fragments_[at].inner = datagram.inner;
    fragments_[at].outer = datagram.outer;
    --waiting_;
    ++counters_.joined;
  }
  (last_ready_ == kNone ? first_ready_ : fragments_[last_ready_].next) = datagram.first_waiting;
  last_ready_ = datagram.last_waiting;
  datagram.first_waiting = datagram.last_waiting = kNone;
}

// A later fragment came before the first.
void FragmentTable::keep(const Frame& frame, const FragmentKey& key, TimeNs time_ns, std::uint32_t wire_bytes) {
  if (waiting_ == options_.waiting_max) remove(unknown_.oldest);
  std::uint32_t at = free_fragment_;
  if (at != kNone) {
    free_fragment_ = fragments_[at].next;
  } else {
    at = static_cast<std::uint32_t>(fragments_.size());
    fragments_.emplace_back();
  }
  std::uint32_t slot = find(key);
  if (slot == kNone) slot = add(key, false);
  Fragment& fragment = fragments_[at];
  fragment = {.inner_only = frame.tunnelled,
              .direction = frame.direction,
              .ip_bytes = frame.inner.ip_bytes,
              .payload_bytes = frame.inner.payload_bytes,
              .wire_bytes = wire_bytes,
              .time_ns = time_ns};
  Datagram& datagram = datagrams_[slot];
  (datagram.last_waiting == kNone ? datagram.first_waiting : fragments_[datagram.last_waiting].next) = at;
  datagram.last_waiting = at;
  ++waiting_;
}

void FragmentTable::expire() {
  const TimeNs old_ns = now_ns_ - options_.timeout_ns;
  while (known_.oldest != kNone && datagrams_[known_.oldest].used_ns < old_ns) remove(known_.oldest);
  while (unknown_.oldest != kNone && datagrams_[unknown_.oldest].used_ns < old_ns) remove(unknown_.oldest);
}

std::size_t FragmentTable::place_of(const FragmentKey& key) const {
  return XXH3_64bits_withSeed(&key, kHashedBytes, options_.hash_seed + key.protocol) & (index_.size() - 1);
}

std::uint32_t FragmentTable::find(const FragmentKey& key) const {
  std::uint32_t slot = index_[place_of(key)];
  while (slot != kNone && !(datagrams_[slot].key == key)) slot = datagrams_[slot].next;
  return slot;
}

std::uint32_t FragmentTable::add(const FragmentKey& key, bool known) {
  if (known_.count + unknown_.count >= index_.size()) grow_index();
  std::uint32_t slot = free_datagram_;
  if (slot != kNone) {
    free_datagram_ = datagrams_[slot].next;
  } else {
    slot = static_cast<std::uint32_t>(datagrams_.size());
    datagrams_.emplace_back();
  }
  std::uint32_t& place = index_[place_of(key)];
  datagrams_[slot] = {.key = key, .known = known, .next = place};
  place = slot;
  link(slot);
  return slot;
}

// Forgets a datagram; what waits for it are orphans.
void FragmentTable::remove(std::uint32_t slot) {
  unlink(slot);
  Datagram& datagram = datagrams_[slot];
  for (std::uint32_t at = datagram.first_waiting; at != kNone;) {
    const std::uint32_t next = fragments_[at].next;
    fragments_[at].next = free_fragment_;
    free_fragment_ = at;
    at = next;
    --waiting_;
    ++counters_.orphans;
  }
  std::uint32_t* from = &index_[place_of(datagram.key)];
  while (*from != slot) from = &datagrams_[*from].next;
  *from = datagram.next;
  datagram.next = free_datagram_;
  free_datagram_ = slot;
}

void FragmentTable::link(std::uint32_t slot) {
  Datagram& datagram = datagrams_[slot];
  List& list = list_of(datagram);
  datagram.used_ns = now_ns_;
  datagram.older = list.newest;
  datagram.newer = kNone;
  (list.newest == kNone ? list.oldest : datagrams_[list.newest].newer) = slot;
  list.newest = slot;
  ++list.count;
}

void FragmentTable::unlink(std::uint32_t slot) {
  const Datagram& datagram = datagrams_[slot];
  List& list = list_of(datagram);
  (datagram.older == kNone ? list.oldest : datagrams_[datagram.older].newer) = datagram.newer;
  (datagram.newer == kNone ? list.newest : datagrams_[datagram.newer].older) = datagram.older;
  --list.count;
}

void FragmentTable::grow_index() {
  index_.assign(index_.size() * 2, kNone);
  for (const List* list : {&known_, &unknown_}) {
    for (std::uint32_t slot = list->oldest; slot != kNone; slot = datagrams_[slot].newer) {
      std::uint32_t& place = index_[place_of(datagrams_[slot].key)];
      datagrams_[slot].next = place;
      place = slot;
    }
  }
}

}  // namespace ipm::decode

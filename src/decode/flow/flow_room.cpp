// How flows leave the table: the closed ones first, then the idle ones.
#include <algorithm>
#include <limits>

#include "decode/flow/flow_table.h"

namespace ipm::decode::flow {

void FlowTable::end(std::uint32_t slot) {
  FlowRecord& record = records_.at(slot);
  record.set(kEnded);
  record.next_ended = kNoSlot;
  if (ended_last_ == kNoSlot) {
    ended_first_ = slot;
  } else {
    records_.at(ended_last_).next_ended = slot;
  }
  ended_last_ = slot;
}

void FlowTable::detach(std::uint32_t slot) {
  FlowRecord& record = records_.at(slot);
  index_.erase(record.hash, slot);
  record.set(kDetached);
  if (!record.has(kEnded)) end(slot);
}

void FlowTable::give_out(std::uint32_t slot) {
  gone_.take(row(slot));
  FlowRecord& record = records_.at(slot);
  if (record.track != kNoSlot) give_track(record);
  if (!record.has(kDetached)) index_.erase(record.hash, slot);
  record.bits = 0;
  records_.give(slot);
}

bool FlowTable::give_out_first_ended() {
  const std::uint32_t slot = ended_first_;
  if (slot == kNoSlot) return false;
  ended_first_ = records_.at(slot).next_ended;
  if (ended_first_ == kNoSlot) ended_last_ = kNoSlot;
  give_out(slot);
  return true;
}

void FlowTable::make_room() {
  ++counters_.evicted;
  if (give_out_first_ended()) return;
  const auto open = [&](std::uint32_t slot) {
    const FlowRecord& record = records_.at(slot);
    return record.has(kLive) && !record.has(kEnded);
  };
  if (!ages_used_) {
    ages_used_ = true;
    for (std::uint32_t slot = 0; slot < records_.slots(); ++slot) {
      if (open(slot)) ages_.put(slot, records_.at(slot).touched_ns());
    }
  }
  // All that are there are open, so there is one.
  give_out(ages_.take_oldest([&](std::uint32_t slot, TimeNs* touched_ns) {
    *touched_ns = records_.at(slot).touched_ns();
    return open(slot);
  }));
}

void FlowTable::start_measuring(FlowRecord& record) {
  record.track = tracks_.take();
  while (record.track == kNoSlot && give_out_first_ended()) {
    ++counters_.evicted;
    record.track = tracks_.take();
  }
  if (record.track == kNoSlot) ++counters_.unmeasured;
}

void FlowTable::stop_measuring(FlowRecord& record) {
  give_track(record);
  ++counters_.unmeasured;
}

void FlowTable::give_track(FlowRecord& record) {
  release(tracks_.at(record.track), blocks_);
  tracks_.give(record.track);
  record.track = kNoSlot;
}

void FlowTable::advance(TimeNs now_ns) {
  clock_ns_ = std::max(clock_ns_, std::clamp<TimeNs>(now_ns, 0, kTimeMaxNs));
  while (options_.closed_linger_ns != 0 && ended_first_ != kNoSlot &&
         clock_ns_ - records_.at(ended_first_).touched_ns() >= options_.closed_linger_ns) {
    ++counters_.expired;
    give_out_first_ended();
  }
  if (options_.udp_idle_ns != 0) sweep();
}

// Goes round all slots once in a quarter of the time that a flow may be idle, a few of them at each call.
void FlowTable::sweep() {
  const std::uint32_t slots = records_.slots();
  const double round_ns = std::max(static_cast<double>(options_.udp_idle_ns) / 4, 1.0);
  const double due = std::min(static_cast<double>(clock_ns_ - sweep_ns_) / round_ns, 1.0) * slots;
  const auto count = static_cast<std::uint32_t>(due);
  if (count == 0) return;
  sweep_ns_ = count == slots ? clock_ns_ : sweep_ns_ + static_cast<TimeNs>(count * (round_ns / slots));
  for (std::uint32_t i = 0; i < count; ++i) {
    sweep_slot_ = sweep_slot_ + 1 < slots ? sweep_slot_ + 1 : 0;
    const FlowRecord& record = records_.at(sweep_slot_);
    if (!record.has(kLive) || record.protocol != model::kProtocolUdp ||
        clock_ns_ - record.touched_ns() < options_.udp_idle_ns) {
      continue;
    }
    ++counters_.expired;
    give_out(sweep_slot_);
  }
}

}  // namespace ipm::decode::flow

// The small host behind synthetic: — programs that start, exec and end, pids that come again, flows that open, move
// bytes, fail and close, owners that are known, shared or not known, and the interface and TCP totals that go with
// them.
//
// The same seed gives the same events on every platform: nothing depends on an evaluation order, a clock or a hash.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "model/event.h"
#include "ring/writer.h"
#include "source/text_emitter.h"

namespace ipm::source {

struct SyntheticShape {
  std::uint64_t seed = 1;
  std::uint64_t processes = 20;
  std::uint64_t flows = 200;                   // Open at once, at most.
  std::uint64_t rate = 1000;                   // Turns a second of engine time, on average.
  std::uint64_t reorder_per_mille = 0;         // Events that carry a stamp up to 200 ms old.
  std::uint64_t start_unix_s = 1'767'225'600;  // 2026-01-01.
};

class SyntheticHost {
 public:
  static constexpr std::uint64_t kEventsPerTurnMax = 64;

  explicit SyntheticHost(const SyntheticShape& shape);

  // One thing happens. `out` has room for kEventsPerTurnMax events.
  void turn(ring::Writer& out);
  std::uint64_t events() const { return own_events_ + texts_.events_written(); }

 private:
  struct Proc {
    model::ProcessKey key;
  };
  struct Flow {
    bool open = false;
    std::uint64_t cookie = 0;
    model::FlowTuple tuple;
    std::size_t process = 0;
    bool owned = false;   // Said to belong to the process.
    bool shared = false;  // Said to have two holders.
  };

  template <typename T>
  void write(model::EventKind kind, model::ProcessKey process, std::uint64_t flow, const T& payload, ring::Writer& out);
  void clocks(ring::Writer& out);
  void anchor(model::AnchorReason reason, ring::Writer& out);
  void lose(ring::Writer& out);
  void count_host(ring::Writer& out);
  void describe(std::size_t index, model::EventKind kind, ring::Writer& out);
  std::uint32_t free_pid();
  void end_process(std::size_t index, ring::Writer& out);
  void open_flow(Flow& flow, ring::Writer& out);
  model::FlowTuple make_tuple(bool udp);
  void say_shared(const Flow& flow, ring::Writer& out);
  void move(Flow& flow, ring::Writer& out);
  void find_owner(Flow& flow, ring::Writer& out);
  void close_flow(Flow& flow, ring::Writer& out);
  void end_flow(Flow& flow, model::CloseReason reason, ring::Writer& out);

  const SyntheticShape shape_;
  Random random_;
  TextEmitter texts_;
  std::vector<Proc> processes_;
  std::vector<Flow> flows_;
  TimeNs now_;
  TimeNs wall_step_ = 0;
  TimeNs next_counters_ = 0;
  std::uint64_t next_cookie_ = 0;
  std::uint64_t next_start_ = 360'000;  // Ticks of 10 ms: an hour after boot.
  model::Interface octets_;
  model::HostCounters totals_;
  std::uint64_t own_events_ = 0;
};

}  // namespace ipm::source

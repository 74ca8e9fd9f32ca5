// Sockets over records made by hand. The tests say what happens in the order in which the kernel would tell it, and
// read what was told in words (support/event_words.h).
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "made_records.h"
#include "ring/lane.h"
#include "source/ebpf/sockets.h"
#include "support/event_words.h"

namespace ipm::test {

class SocketsFixture : public testing::Test {
 protected:
  static constexpr std::uint64_t kRoomMin = 16;

  explicit SocketsFixture(std::uint32_t lane_events = 4'096, std::size_t sockets_max = 1'000,
                          source::ebpf::Counting counting = source::ebpf::Counting::kCalls)
      : SocketsFixture(lane_events,
                       source::ebpf::Sockets::Settings{
                           .sockets_max = sockets_max, .counting = counting, .ends_told = true, .room_min = kRoomMin}) {
  }
  SocketsFixture(std::uint32_t lane_events, source::ebpf::Sockets::Settings settings)
      : lane_(lane_events), writer_(lane_), sockets_(traffic_, out_, processes_, settings) {
    out_.bind(&writer_);
  }
  ~SocketsFixture() override {
    const source::SourceStats stats = out_.stats();
    EXPECT_EQ(stats.received, stats.written + stats.filtered + stats.dropped + stats.malformed);
    EXPECT_EQ(lane_.pushed(), stats.written);
  }

  template <class T>
  void take(const T& record) {
    sockets_.take(std::as_bytes(std::span(&record, 1)));
  }
  // What a send and a receive leave: sums in the map, and a record if they are the first of the tick.
  void moves(std::uint64_t cookie, std::uint32_t pid, std::uint64_t tx, std::uint64_t rx, std::uint32_t image = 1) {
    moves_over(kernel_tuple(40'000, 443), cookie, pid, tx, rx, {}, image);
  }
  void moves_over(const ipm_tuple& tuple, std::uint64_t cookie, std::uint32_t pid, std::uint64_t tx, std::uint64_t rx,
                  const ipm_tcp& tcp = {}, std::uint32_t image = 1) {
    if (traffic_.moved(cookie, pid, tx, rx, tuple, tcp, image)) take(io_record(cookie, pid, image));
  }
  void begin_tick() {
    ++traffic_.now;
    sockets_.begin_tick();
  }
  void end_tick(TimeNs now) { EXPECT_TRUE(sockets_.settle(now)); }
  void tick(TimeNs now) {
    begin_tick();
    end_tick(now);
  }
  void look(TimeNs now, const std::vector<ipm_record_seed>& seeds, bool after_loss = false) {
    sockets_.begin_look(now);
    for (const ipm_record_seed& seed : seeds) sockets_.seen(seed);
    sockets_.end_look(after_loss, now);
    tick(now);
  }
  void connected(std::uint64_t cookie = 7, std::uint32_t pid = 101) {
    take(connect_record(cookie, pid, at(0)));
    take(established_record(cookie, at(2)));
    (void)events();
  }

  // Since the last call, without texts.
  std::vector<model::Event> events() {
    std::vector<model::Event> out;
    model::Event event;
    while (lane_.pop({&event, 1}) == 1) {
      if (event.header.kind != model::EventKind::kText) out.push_back(event);
    }
    return out;
  }
  // The same in words, without snapshots.
  std::vector<std::string> told() {
    std::vector<std::string> out;
    for (const model::Event& event : events()) {
      if (event.header.kind != model::EventKind::kTcpSnapshot) out.push_back(words(event));
    }
    return out;
  }
  std::vector<std::string> snapshots() {
    std::vector<std::string> out;
    for (const model::Event& event : events()) {
      if (event.header.kind == model::EventKind::kTcpSnapshot) out.push_back(words(event));
    }
    return out;
  }

  FakeTraffic traffic_;
  ring::Lane lane_;
  ring::Writer writer_;
  source::host::EventOut out_;
  source::host::Processes processes_{IPM_TEST_DATA "/proc", out_};
  source::ebpf::Sockets sockets_;
};

}  // namespace ipm::test

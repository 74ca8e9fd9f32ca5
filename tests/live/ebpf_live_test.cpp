// The ebpf source on a thread of its own, through whole monitors, while processes talk and snapshots are taken. Needs
// root and a kernel that takes the programs.
#include <gmock/gmock.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "monitor/monitor.h"
#include "os/linux/clock.h"
#include "query/cursor.h"
#include "query/tables/tables.h"
#include "support/net_fixture.h"
#include "support/tcp_pair.h"

namespace ipm {
namespace {

using monitor::Monitor;
using test::Child;

constexpr std::size_t kAsked = 1'000, kAnswered = 2'000;

// Answers every connection until one ends without a word. Its value: how many it answered.
Child::Work server_until_silence(const std::string& address, std::uint16_t port) {
  return [=](Child::Turn& turn) {
    const os::Fd listener = test::listen_at(address, port);
    turn.done_and_wait();
    std::uint64_t answered = 0;
    while (true) {
      const os::Fd fd = test::accept_one(listener.get());
      if (test::receive_bytes(fd.get(), kAsked) != kAsked) break;
      test::send_bytes(fd.get(), kAnswered);
      ++answered;
    }
    turn.done_and_wait(answered);
  };
}

// Connects again and again for that long, then once in silence.
Child::Work client_for(TimeNs length, const std::string& address, std::uint16_t port) {
  return [=](Child::Turn& turn) {
    turn.done_and_wait();
    std::uint64_t asked = 0;
    for (const TimeNs end = os::monotonic_ns() + length; os::monotonic_ns() < end; ++asked) {
      const os::Fd fd = test::connect_to(address, port);
      test::send_bytes(fd.get(), kAsked);
      if (test::receive_bytes(fd.get(), kAnswered) != kAnswered) throw std::runtime_error("cut short");
    }
    (void)test::connect_to(address, port);
    turn.done_and_wait(asked);
  };
}

struct Sums {
  std::uint64_t tx_bytes = 0, rx_bytes = 0, connections = 0;
  bool operator==(const Sums&) const = default;
  friend void PrintTo(const Sums& sums, std::ostream* out) {
    *out << sums.tx_bytes << " sent, " << sums.rx_bytes << " received, " << sums.connections << " connections";
  }
};

// A monitor with what its events say of TCP in some namespaces, by process.
struct Watch {
  std::unique_ptr<Monitor> monitor;
  std::map<std::uint32_t, Sums> by_pid;
  bool lost = false;  // Records, and it said so: the machine was too busy for the ring.

  void take(const model::Event& event, const std::set<std::uint32_t>& namespaces) {
    lost = lost || event.header.kind == model::EventKind::kLoss;
    if (!model::is_flow_event(event.header.kind)) return;
    const auto tuple = event.as<model::FlowTuple>();
    if (tuple.protocol != model::kProtocolTcp || !namespaces.contains(tuple.netns)) return;
    Sums& sums = by_pid[event.header.process.pid()];
    if (event.header.kind == model::EventKind::kSocketData) {
      const auto data = event.as<model::SocketData>();
      sums.tx_bytes += data.tx_bytes;
      sums.rx_bytes += data.rx_bytes;
    }
    if (event.header.kind != model::EventKind::kSocketOpen) return;
    sums.connections += event.as<model::SocketOpen>().how == model::OpenHow::kConnect ? 1 : 0;
  }
};

std::size_t read_connections(Monitor& monitor) {
  const auto snapshot = monitor.snapshot();
  if (!snapshot.ok()) return 0;
  auto cursor = query::Cursor::open(query::find_table("connections")->open(*snapshot), {});
  std::size_t rows = 0;
  while (cursor.ok() && (*cursor)->next().ok()) ++rows;
  return rows;
}

// Of programs that this process holds, itself or by a link.
std::set<std::uint32_t> own_programs() {
  std::set<std::uint32_t> out;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("prog_id:")) out.insert(static_cast<std::uint32_t>(std::stoul(line.substr(8))));
    }
  }
  return out;
}

bool program_exists(std::uint32_t id) {
  bpf_attr attributes{};
  attributes.prog_id = id;
  const os::Fd fd(static_cast<int>(::syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attributes, sizeof attributes)));
  return fd.valid();
}

class EbpfLiveTest : public test::NetFixture {
 protected:
  void SetUp() override {
    NetFixture::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    namespaces_ = {netns_inode(left_), netns_inode(right_)};
  }
  // Skips, or fails if it is required, where the kernel does not take the programs.
  void open(Watch& watch, const char* uri = "ebpf:?interval=50ms") {
    monitor::MonitorOptions options;
    options.threads = true;
    Result<std::unique_ptr<Monitor>> monitor = Monitor::open(options);
    ASSERT_TRUE(monitor.ok()) << monitor.status().message();
    watch.monitor = std::move(*monitor);
    watch.monitor->set_event_callback([this, &watch](const model::Event& event) { watch.take(event, namespaces_); });
    const Status added = watch.monitor->add_source(uri);
    if (added.ok()) return;
    const char* required = std::getenv("IPM_REQUIRE_LIVE");
    if (required != nullptr && std::string_view(required) == "1") FAIL() << added.message();
    GTEST_SKIP() << added.message();
  }

  std::set<std::uint32_t> namespaces_;
};

TEST_F(EbpfLiveTest, TwoMonitorsSeeEveryByteOfBusyProcessesWhileSnapshotsAreTaken) {
  constexpr int kPairs = 2;
  std::vector<std::unique_ptr<Child>> servers, clients;
  for (std::uint16_t i = 0; i < kPairs; ++i) {
    const auto port = static_cast<std::uint16_t>(7'300 + i);
    const char* address = i % 2 == 0 ? kRightV4 : kRightV6;
    servers.push_back(std::make_unique<Child>(right_, server_until_silence(address, port)));
    clients.push_back(std::make_unique<Child>(left_, client_for(2 * kSecond, address, port)));
    servers.back()->wait_done();
    clients.back()->wait_done();
  }
  Watch watches[2];
  for (Watch& watch : watches) {
    open(watch);
    if (IsSkipped() || HasFatalFailure()) return;
  }
  std::atomic<bool> done{false};
  std::atomic<std::size_t> rows_most{0};
  std::thread reader([&] {
    while (!done) {
      for (Watch& watch : watches) rows_most = std::max<std::size_t>(rows_most, read_connections(*watch.monitor));
    }
  });
  for (int i = 0; i < kPairs; ++i) {
    servers[static_cast<std::size_t>(i)]->go_on();
    clients[static_cast<std::size_t>(i)]->go_on();
  }
  std::vector<std::uint64_t> asked, answered;
  std::thread waiter([&] {
    for (const auto& client : clients) asked.push_back(client->wait_done());
    for (const auto& server : servers) answered.push_back(server->wait_done());
    done = true;
  });
  while (!done) {
    for (Watch& watch : watches) EXPECT_FALSE(watch.monitor->step(5 * kMillisecond).is_error());
  }
  waiter.join();
  reader.join();
  for (Watch& watch : watches) {
    ASSERT_TRUE(watch.monitor->flush().ok());
    EXPECT_EQ(watch.monitor->stats().dropped, 0U);
    for (std::size_t i = 0; i < kPairs; ++i) {
      const std::uint64_t count = asked.at(i);
      EXPECT_GT(count, 10U);
      EXPECT_EQ(answered.at(i), count);
      // Bytes lie in the map and are exact even then; how a connection began was in the records.
      Sums& client = watch.by_pid[clients[i]->pid()];
      EXPECT_LE(client.connections, count + 1);
      if (watch.lost) client.connections = count + 1;
      EXPECT_EQ(client, (Sums{count * kAsked, count * kAnswered, count + 1}));
      EXPECT_EQ(watch.by_pid[servers[i]->pid()], (Sums{count * kAnswered, count * kAsked, 0}));
    }
  }
  EXPECT_GT(rows_most, 0U);
}

TEST_F(EbpfLiveTest, CloseWhileProcessesTalkLeavesNoProgramBehind) {
  Child server(right_, server_until_silence(kRightV4, 7'310));
  Child client(left_, client_for(2 * kSecond, kRightV4, 7'310));
  server.wait_done();
  client.wait_done();
  const std::set<std::uint32_t> before = own_programs();
  server.go_on();
  client.go_on();
  std::set<std::uint32_t> programs;
  for (int round = 0; round < 3; ++round) {
    Watch watch;
    open(watch, "ebpf:?interval=10ms");
    if (IsSkipped() || HasFatalFailure()) return;
    for (const std::uint32_t id : own_programs()) programs.insert(id);
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(watch.monitor->step(10 * kMillisecond).is_error());
  }
  EXPECT_EQ(own_programs(), before);
  EXPECT_GE(programs.size(), 3U);
  // The kernel frees them behind our back, after a grace period.
  const auto left_behind = [&] {
    std::vector<std::uint32_t> out;
    for (const std::uint32_t id : programs) {
      if (program_exists(id)) out.push_back(id);
    }
    return out;
  };
  for (int i = 0; i < 100 && !left_behind().empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_THAT(left_behind(), testing::IsEmpty());
  EXPECT_EQ(client.wait_done(), server.wait_done());
}

}  // namespace
}  // namespace ipm

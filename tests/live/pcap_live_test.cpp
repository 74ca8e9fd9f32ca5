// Packets of an interface through the whole monitor, alone and beside sock_diag. Needs CAP_NET_RAW, and root where the
// interface is a test's own.
#include <gtest/gtest.h>

#include <sys/socket.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "monitor/monitor.h"
#include "query/cursor.h"
#include "query/tables/tables.h"
#include "source/pcap/live_packets.h"
#include "support/loopback_traffic.h"
#include "support/net_fixture.h"

namespace ipm::monitor {
namespace {

using Row = std::map<std::string, std::string>;

// The rows of a table, by column; a null is not in it.
std::vector<Row> rows_of(Monitor& monitor, const char* table, const std::string& text) {
  const query::TableInfo* info = query::find_table(table);
  Result<query::Filter> filter = query::parse_filter(text, info->columns, {});
  EXPECT_TRUE(filter.ok()) << filter.status().message();
  Result<std::unique_ptr<query::Cursor>> cursor = query::Cursor::open(info->open(*monitor.snapshot()), *filter);
  std::vector<Row> rows;
  while ((*cursor)->next().ok()) {
    Row& row = rows.emplace_back();
    for (std::uint32_t i = 0; i < info->columns.size(); ++i) {
      const query::Value value = (*cursor)->cell(i);
      if (value.is(query::Value::Kind::kNull)) continue;
      row[std::string(info->columns[i].name)] =
          value.is(query::Value::Kind::kText) ? std::string(value.text()) : std::to_string(value.integer());
    }
  }
  return rows;
}
std::vector<Row> rows_to(Monitor& monitor, std::uint16_t port) {
  return rows_of(monitor, "connections", "remote_port = " + std::to_string(port) + "\nstate != listen");
}

// Skips, or fails where the test is not to skip.
void require_packets() {
  const std::string why = source::pcap::LivePackets::why_not();
  if (why.empty()) return;
  const char* required = std::getenv("IPM_REQUIRE_LIVE");
  if (required != nullptr && std::string_view(required) == "1") FAIL() << why;
  GTEST_SKIP() << why;
}

class PcapLiveTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    require_packets();
    if (IsSkipped() || HasFatalFailure()) return;
    MonitorOptions options;
    options.threads = GetParam();
    Result<std::unique_ptr<Monitor>> monitor = Monitor::open(options);
    ASSERT_TRUE(monitor.ok());
    monitor_ = std::move(*monitor);
  }
  void add(const char* source) {
    const Status added = monitor_->add_source(source);
    ASSERT_TRUE(added.ok()) << added.message();
  }
  // The connection's port at the server.
  std::uint16_t talk() {
    test::LoopbackPair pair(AF_INET);
    EXPECT_TRUE(pair.ok());
    EXPECT_TRUE(monitor_->flush().ok());  // Sources that look have to see it alive.
    pair.client_sends(100'000);
    pair.server_sends(34'567);
    pair.close_client();
    pair.close_server();
    EXPECT_TRUE(monitor_->flush().ok());
    return static_cast<std::uint16_t>(pair.port());
  }
  std::unique_ptr<Monitor> monitor_;
};

TEST_P(PcapLiveTest, AloneItHasFlowsOfNobody) {
  add("pcap:lo?filter=tcp&snaplen=128");
  const std::vector<Row> rows = rows_to(*monitor_, talk());
  ASSERT_EQ(rows.size(), 1U);
  Row row = rows[0];
  EXPECT_EQ(row["layer"], "ip");
  EXPECT_EQ(row["tx_carried"], "100000");
  EXPECT_EQ(row["rx_carried"], "34567");
  EXPECT_GT(std::stoll(row["tx_bytes"]), 100'000);
  EXPECT_EQ(row["quality"], "unknown");
  EXPECT_EQ(row.count("pid"), 0U);
  EXPECT_EQ(row["close_reason"], "orderly");
  EXPECT_EQ(row["source"], "pcap");
}

TEST_P(PcapLiveTest, BesideTheKernelOneRowHasBothHalves) {
  add("pcap:lo?filter=tcp");
  add("sock_diag:?netns=self");
  ASSERT_TRUE(monitor_->flush().ok());
  const std::vector<Row> rows = rows_to(*monitor_, talk());
  ASSERT_EQ(rows.size(), 1U);
  Row row = rows[0];
  EXPECT_EQ(row["layer"], "tcp");
  EXPECT_EQ(row["tx_bytes"], "100000");
  EXPECT_EQ(row["rx_bytes"], "34567");
  EXPECT_EQ(row["tx_carried"], "100000");
  EXPECT_EQ(row["rx_carried"], "34567");
  EXPECT_EQ(row["packet_source"], "pcap");
  EXPECT_EQ(row["quality"], "exact");
  EXPECT_EQ(row.count("disagreement"), 0U) << row["disagreement"];
}

TEST_P(PcapLiveTest, AFilterThatIsNoneSaysWhy) {
  const Status refused = monitor_->add_source("pcap:lo?filter=tpc");
  EXPECT_EQ(refused.code(), Code::kInvalidArgument);
  EXPECT_NE(std::string(refused.message()).find("pcap-filter(7)"), std::string::npos) << refused.message();
}

INSTANTIATE_TEST_SUITE_P(Threads, PcapLiveTest, ::testing::Bool());

class PcapLinkLiveTest : public test::NetFixture {
 protected:
  void SetUp() override {
    require_packets();
    if (!IsSkipped() && !HasFatalFailure()) test::NetFixture::SetUp();
  }
};

TEST_F(PcapLinkLiveTest, WhatWasCapturedIsToldWhenTheInterfaceGoesAway) {
  Result<std::unique_ptr<Monitor>> monitor = Monitor::open({});
  ASSERT_TRUE(monitor.ok());
  const std::string uri = "pcap:" + left_link_ + "?netns=" + left_;
  const Status added = (*monitor)->add_source(uri);
  ASSERT_TRUE(added.ok()) << added.message();

  constexpr std::uint16_t kPort = 7'911;
  constexpr std::size_t kBytes = 10'000;
  test::Child server(right_, [](test::Child::Turn& turn) {
    const os::Fd listener = test::listen_at(kRightV4, kPort);
    turn.done_and_wait();
    const os::Fd fd = test::accept_one(listener.get());
    std::vector<char> room(kBytes);
    turn.done_and_wait(static_cast<std::uint64_t>(::recv(fd.get(), room.data(), room.size(), MSG_WAITALL)));
  });
  (void)server.wait_done();
  test::Child client(left_, [](test::Child::Turn& turn) {
    const os::Fd fd = test::connect_to(kRightV4, kPort);
    const std::vector<char> all(kBytes, 'x');
    turn.done_and_wait(static_cast<std::uint64_t>(::send(fd.get(), all.data(), all.size(), MSG_NOSIGNAL)));
  });
  EXPECT_EQ(client.wait_done(), kBytes);
  server.go_on();
  EXPECT_EQ(server.wait_done(), kBytes);

  // Nothing was read yet: without threads the host polls, and it has not.
  ASSERT_TRUE(ip("-n " + left_ + " link del " + left_link_));
  (void)(*monitor)->flush();
  const std::vector<Row> connections = rows_to(**monitor, kPort);
  ASSERT_EQ(connections.size(), 1U);
  EXPECT_EQ(connections[0].at("tx_carried"), std::to_string(kBytes));
  const std::vector<Row> sources = rows_of(**monitor, "sources", "source = pcap");
  ASSERT_EQ(sources.size(), 1U);
  EXPECT_EQ(sources[0].at("state"), "failed");
  EXPECT_NE(sources[0].at("missing").find("add the source again when it is back"), std::string::npos)
      << sources[0].at("missing");
  const Status again = (*monitor)->add_source(uri);
  EXPECT_EQ(again.code(), Code::kNotFound) << again.message();
}

}  // namespace
}  // namespace ipm::monitor

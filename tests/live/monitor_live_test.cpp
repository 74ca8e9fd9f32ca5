// Real connections over loopback of this process, seen through the whole monitor. Needs no privilege: they are one's
// own.
#include <gtest/gtest.h>

#include "monitor/monitor.h"
#include "query/cursor.h"
#include "query/tables/tables.h"
#include "support/loopback_traffic.h"

namespace ipm::monitor {
namespace {

struct Seen {
  std::int64_t tx = -1;
  std::int64_t rx = -1;
  std::string quality;
};

// The connection with this port at its local or remote end.
Seen connection(Monitor& monitor, const std::string& filter) {
  const query::TableInfo* info = query::find_table("connections");
  Result<query::Filter> parsed =
      query::parse_filter(filter + "\nstate != listen\ncolumns = tx_bytes, rx_bytes, quality", info->columns, {});
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  Result<std::unique_ptr<query::Cursor>> cursor = query::Cursor::open(info->open(*monitor.snapshot()), *parsed);
  Seen seen;
  if ((*cursor)->next().ok()) {
    seen.tx = (*cursor)->cell(0).integer();
    seen.rx = (*cursor)->cell(1).integer();
    seen.quality = std::string((*cursor)->cell(2).text());
  }
  return seen;
}

class MonitorLiveTest : public ::testing::TestWithParam<std::tuple<int, bool>> {
 protected:
  void SetUp() override {
    MonitorOptions options;
    options.threads = std::get<1>(GetParam());
    Result<std::unique_ptr<Monitor>> monitor = Monitor::open(options);
    ASSERT_TRUE(monitor.ok());
    monitor_ = std::move(*monitor);
    const Status added = monitor_->add_source("sock_diag:?netns=self");
    ASSERT_TRUE(added.ok()) << added.message();
    ASSERT_TRUE(monitor_->flush().ok());
  }
  std::unique_ptr<Monitor> monitor_;
};

TEST_P(MonitorLiveTest, BytesOfAConnectionAliveThroughALookAreExactAndItsOwn) {
  test::LoopbackPair pair(std::get<0>(GetParam()));
  ASSERT_TRUE(pair.ok());
  pair.client_sends(100'000);
  ASSERT_TRUE(monitor_->flush().ok());
  pair.server_sends(34'567);
  pair.client_sends(1);
  pair.close_client();
  pair.close_server();
  ASSERT_TRUE(monitor_->flush().ok());
  const std::string port = std::to_string(pair.port());
  const Seen client = connection(*monitor_, "remote_port = " + port);
  EXPECT_EQ(client.tx, 100'001);
  EXPECT_EQ(client.rx, 34'567);
  EXPECT_EQ(client.quality, "exact");
  const Seen server = connection(*monitor_, "local_port = " + port);
  EXPECT_EQ(server.tx, 34'567);
  EXPECT_EQ(server.rx, 100'001);
}

TEST_P(MonitorLiveTest, ConnectionBetweenTwoLooksKeepsItsBytesWithoutAnOwner) {
  std::string port;
  {
    test::LoopbackPair pair(std::get<0>(GetParam()));
    ASSERT_TRUE(pair.ok());
    port = std::to_string(pair.port());
    pair.client_sends(5'000);
    pair.server_sends(7'000);
    pair.close_client();
    pair.close_server();
  }
  ASSERT_TRUE(monitor_->flush().ok());
  const Seen client = connection(*monitor_, "remote_port = " + port);
  EXPECT_EQ(client.tx, 5'000);
  EXPECT_EQ(client.rx, 7'000);
  EXPECT_EQ(client.quality, "unknown");
  EXPECT_EQ(connection(*monitor_, "local_port = " + port).tx, 7'000);
}

INSTANTIATE_TEST_SUITE_P(FamiliesAndThreads, MonitorLiveTest,
                         ::testing::Combine(::testing::Values(AF_INET, AF_INET6), ::testing::Bool()));

}  // namespace
}  // namespace ipm::monitor

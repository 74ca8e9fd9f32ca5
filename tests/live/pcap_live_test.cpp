// Packets of the loopback interface through the whole monitor, alone and beside sock_diag. Needs CAP_NET_RAW.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "monitor/monitor.h"
#include "query/cursor.h"
#include "query/tables/tables.h"
#include "source/pcap/live_packets.h"
#include "support/loopback_traffic.h"

namespace ipm::monitor {
namespace {

using Row = std::map<std::string, std::string>;

// The connections with that remote port, by column; a null is not in it.
std::vector<Row> rows_to(Monitor& monitor, std::uint16_t port) {
  const query::TableInfo* info = query::find_table("connections");
  const std::string text = "remote_port = " + std::to_string(port) + "\nstate != listen";
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

class PcapLiveTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (const std::string why = source::pcap::LivePackets::why_not(); !why.empty()) {
      const char* required = std::getenv("IPM_REQUIRE_LIVE");
      if (required != nullptr && std::string_view(required) == "1") FAIL() << why;
      GTEST_SKIP() << why;
    }
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

}  // namespace
}  // namespace ipm::monitor

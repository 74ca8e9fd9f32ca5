// A capture as a host's story. Rows in words: support/event_words.h; sent before received, layer ip.
#include "source/pcap/pcap.h"

#include <gmock/gmock.h>

#include "made_capture.h"
#include "support/collect_events.h"
#include "support/event_words.h"
#include "support/scratch_file.h"

namespace ipm::test {
namespace {

using model::EventKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint8_t kFinAck = 0x11, kAck = 0x10, kPushAck = 0x18, kRst = 4, kSyn = 2, kRstAck = 0x14;

Collected run(const MadeCapture& capture, std::size_t cut_bytes = 0) {
  const ScratchFile file(".pcap");
  file.write(std::string_view(capture.bytes()).substr(0, capture.bytes().size() - cut_bytes));
  return collect_events(*source::make_pcap_source(), "pcap:" + file.path(), 4'096);
}

// Without clock anchors, texts and snapshots. Flows have no cookie: " 0" is left out.
std::vector<std::string> told(const Collected& run) {
  std::vector<std::string> out;
  for (const model::Event& event : run.events) {
    const EventKind kind = event.header.kind;
    if (kind == EventKind::kClockAnchor || kind == EventKind::kText || kind == EventKind::kTcpSnapshot) continue;
    std::string row = words(event);
    if (const std::size_t zero = row.find(" 0 "); zero != std::string::npos) row.erase(zero, 2);
    out.push_back(std::move(row));
  }
  return out;
}

TEST(PcapSourceTest, AConnectionIsOpenedMovesBytesAndCloses) {
  MadeCapture capture;
  capture.handshake(0)
      .tcp(20, kClient, kServer, kPushAck, 1'001, 5'001, 100)
      .tcp(30, kServer, kClient, kPushAck, 5'001, 1'101, 1'000)
      .tcp(300, kClient, kServer, kFinAck, 1'101, 6'001)
      .tcp(310, kServer, kClient, kFinAck, 6'001, 1'102)
      .tcp(311, kClient, kServer, kAck, 1'102, 6'002);
  EXPECT_THAT(told(run(capture)),
              ElementsAre("open connect by - unknown/", "data by - 40/0 packets 1/0",  // The SYN.
                          "established by -", "data by - 0/40 packets 0/1",
                          "data by - 220/1040 packets 3/1",  // The ACK, 140, 1,040, and the FIN with them.
                          "data by - 0/40 packets 0/1", "close orderly after 310ms", "data by - 40/0 packets 1/0"));
}

TEST(PcapSourceTest, AConnectionFromOutsideIsAccepted) {
  MadeCapture capture;
  capture.tcp(0, kServer, kClient, kSyn, 1, 0)
      .tcp(1, kClient, kServer, 0x12, 9, 2)
      .tcp(2, kServer, kClient, kAck, 2, 10);
  const std::vector<std::string> rows = told(run(capture));
  ASSERT_FALSE(rows.empty());
  EXPECT_EQ(rows[0], "open accept by - unknown/");
}

TEST(PcapSourceTest, ARefusedConnectIsAFailure) {
  MadeCapture capture;
  capture.tcp(0, kClient, kServer, kSyn, 1, 0).tcp(1, kServer, kClient, kRstAck, 0, 2);
  EXPECT_THAT(told(run(capture)),
              ElementsAre("open connect by - unknown/", "data by - 40/0 packets 1/0", "data by - 0/40 packets 0/1",
                          "failure by - error 111", "close refused after 1ms"));
}

TEST(PcapSourceTest, AConnectWithoutAnAnswerHasFailedAfterThreeSeconds) {
  for (const std::int64_t later : {2'999, 3'000}) {
    MadeCapture capture;
    capture.tcp(0, kClient, kServer, kSyn, 1, 0).udp(later, {{10, 0, 0, 1}, 5}, {{10, 0, 0, 2}, 6}, "x");
    const std::vector<std::string> rows = told(run(capture));
    const bool failed = std::find(rows.begin(), rows.end(), "failure by - error 110") != rows.end();
    EXPECT_EQ(failed, later == 3'000) << later;
  }
}

TEST(PcapSourceTest, AnUnreachableHostIsAFailureAndNoPacketOfTheFlow) {
  MadeCapture capture;
  capture.tcp(0, kClient, kServer, kSyn, 1'000, 0).unreachable(5, {{203, 0, 113, 1}, 0}, kClient, kServer, 1);
  EXPECT_THAT(told(run(capture)), ElementsAre("open connect by - unknown/", "data by - 40/0 packets 1/0",
                                              "failure by - error 113", "close unreachable after 0ms"));
}

TEST(PcapSourceTest, AResetSaysWhoSentIt) {
  for (const bool here : {true, false}) {
    MadeCapture capture;
    capture.handshake(0);
    here ? capture.tcp(50, kClient, kServer, kRst, 1'001, 0) : capture.tcp(50, kServer, kClient, kRst, 5'001, 0);
    const std::vector<std::string> rows = told(run(capture));
    ASSERT_GE(rows.size(), 2U);
    EXPECT_EQ(rows[rows.size() - 2], here ? "reset here" : "reset by peer");
    EXPECT_EQ(rows.back(), here ? "close reset_here after 50ms" : "close reset_by_peer after 50ms");
  }
}

TEST(PcapSourceTest, ASynThatTakesTheEndsOfALiveConnectionClosesItFirst) {
  MadeCapture capture;
  capture.handshake(0).tcp(500, kClient, kServer, kSyn, 90'000, 0);
  const std::vector<std::string> rows = told(run(capture));
  const auto closed = std::find_if(rows.begin(), rows.end(), [](const auto& row) { return row.starts_with("close "); });
  ASSERT_NE(closed, rows.end());
  EXPECT_THAT(*closed, HasSubstr("unknown"));
  EXPECT_EQ(*(closed + 1), "open connect by - unknown/");
}

TEST(PcapSourceTest, WhatIsInTheMiddleWhenTheCaptureBeginsExistedBefore) {
  MadeCapture capture;
  capture.tcp(0, kClient, kServer, kPushAck, 7, 9, 100);
  EXPECT_THAT(told(run(capture)), ElementsAre("open existing by - unknown/", "data by - 140/0 packets 1/0"));
}

TEST(PcapSourceTest, RepeatsAndRoundTripsOfTheSenderAreToldOnce) {
  MadeCapture capture;
  capture.handshake(0)
      .tcp(20, kClient, kServer, kPushAck, 1'001, 5'001, 100)
      .tcp(300, kClient, kServer, kPushAck, 1'001, 5'001, 100)
      .tcp(400, kClient, kServer, kPushAck, 1'101, 5'001, 100)
      .tcp(420, kServer, kClient, kAck, 5'001, 1'201)
      .tcp(900, kServer, kClient, kPushAck, 5'001, 1'201, 1);
  std::uint32_t repeats = 0, srtt_us = 0;
  for (const model::Event& event : run(capture).events) {
    if (event.header.kind != EventKind::kTcpSnapshot) continue;
    const auto snapshot = event.as<model::TcpSnapshot>();
    repeats += snapshot.tx_retransmits;
    if ((snapshot.measured & model::TcpSnapshot::kSrtt) != 0) srtt_us = snapshot.srtt_us;
  }
  EXPECT_EQ(repeats, 1U);
  EXPECT_NE(srtt_us, 0U);
}

TEST(PcapSourceTest, EntropyIsToldOnceOfWhatThisHostSentWhenAKibibyteWasSeen) {
  std::string values;
  for (int i = 0; i < 1'023; ++i) values += static_cast<char>(i);
  const auto told_by = [](const MadeCapture& capture) {
    std::vector<std::string> out;
    for (const model::Event& event : run(capture).events) {
      if (event.header.kind == EventKind::kSocketOpen) out.push_back("open");
      if (event.header.kind == EventKind::kEntropy) {
        out.push_back("entropy " + std::to_string(event.as<model::Entropy>().millibits));
      }
    }
    return out;
  };
  MadeCapture capture;
  capture.udp(0, kClient, kServer, values).udp(1, kServer, kClient, values + values);
  EXPECT_THAT(told_by(capture), ElementsAre("open"));
  capture.udp(2, kClient, kServer, "\xff").udp(3, kClient, kServer, values + values);
  EXPECT_THAT(told_by(capture), ElementsAre("open", "entropy 8000"));
}

TEST(PcapSourceTest, ACaptureThatIsCutGivesWhatCameBeforeAndSaysWhere) {
  MadeCapture capture;
  capture.udp(0, kClient, kServer, "abc").udp(5, kClient, kServer, "abc");
  const Collected cut = run(capture, 1);
  EXPECT_EQ(cut.status.code(), Code::kEnd);
  EXPECT_THAT(told(cut),
              ElementsAre("open connect by - unknown/", "data by - 31/0 packets 1/0", testing::StartsWith("loss")));
  ASSERT_FALSE(cut.degradations.empty());
  EXPECT_EQ(cut.degradations.front().what, "the whole file");
}

TEST(PcapSourceTest, ProcessesThatTheCaptureNamesOwnTheirFlows) {
  const Collected ptcpdump =
      collect_events(*source::make_pcap_source(), "pcap:" IPM_TEST_DATA "/captures/tcp.pcapng", 4'096);
  const std::vector<std::string> rows = told(ptcpdump);
  ASSERT_GE(rows.size(), 2U);
  EXPECT_EQ(rows[0], "start 345650");
  EXPECT_EQ(rows[1], "open connect by 345650 exact/told");
}

TEST(PcapSourceTest, WhatIsNoCaptureIsRefused) {
  const ScratchFile file(".pcap");
  file.write("#!/bin/sh\necho this is no capture at all\n");
  const Collected none = collect_events(*source::make_pcap_source(), "pcap:" + file.path(), 4'096);
  EXPECT_EQ(none.status.code(), Code::kCorrupt);
  EXPECT_THAT(std::string(none.status.message()), HasSubstr("not a capture"));
}

TEST(PcapSourceTest, WhatIsNeitherFileNorInterfaceSaysSo) {
  const Collected none = collect_events(*source::make_pcap_source(), "pcap:nowhere0", 4'096);
  EXPECT_EQ(none.status.code(), Code::kNotFound);
  EXPECT_THAT(std::string(none.status.message()), HasSubstr("no file and no interface"));
}

TEST(PcapSourceTest, TheUriSaysWhetherItIsLive) {
  EXPECT_TRUE(source::make_pcap_source({.scheme = "pcap", .path = "lo", .parameters = {}})->live());
  EXPECT_TRUE(source::make_pcap_source({.scheme = "pcap", .path = "x", .parameters = {{"netns", "y"}}})->live());
  EXPECT_FALSE(source::make_pcap_source({.scheme = "pcap", .path = "./lo", .parameters = {}})->live());
  EXPECT_FALSE(source::make_pcap_source({.scheme = "pcap", .path = "-", .parameters = {}})->live());
  EXPECT_FALSE(source::make_pcap_source()->live());
}

TEST(PcapSourceTest, NothingIsDroppedWithASmallLane) {
  MadeCapture capture;
  for (int i = 0; i < 3'000; ++i) {
    capture.udp(i, {{10, 0, 0, 1}, static_cast<std::uint16_t>(1'000 + i)}, kServer, "x");
  }
  const ScratchFile file(".pcap");
  file.write(capture.bytes());
  const Collected small = collect_events(*source::make_pcap_source(), "pcap:" + file.path(), 1'024);
  EXPECT_EQ(small.stats.dropped, 0U);
  const std::vector<std::string> rows = told(small);
  EXPECT_EQ(std::count(rows.begin(), rows.end(), "data by - 29/0 packets 1/0"), 3'000);
}

}  // namespace
}  // namespace ipm::test

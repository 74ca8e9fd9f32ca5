// The packet view of a capture. Packets go to its tables by the batch, which nobody may notice.
#include "source/pcap/capture_view.h"

#include <gmock/gmock.h>

#include "decode/hello_octets.h"
#include "made_capture.h"
#include "support/scratch_file.h"

namespace ipm::test {
namespace {

using decode::flow::FlowRow;
using source::pcap::CaptureView;
using source::pcap::FlowNote;
using ::testing::IsSupersetOf;
using ::testing::SizeIs;

std::string line_of(const FlowRow& row, const FlowNote* note) {
  const std::string sni = note != nullptr && note->hello ? std::string(note->hello->sni()) : "-";
  return std::to_string(row.id) + " port " + std::to_string(row.src_port) + " packets " +
         std::to_string(row.out.packets) + "/" + std::to_string(row.in.packets) + " errors " +
         std::to_string(row.icmp_errors) + " sni " + sni;
}

struct Seen {
  std::vector<std::string> ended, rows;
};
// From a file, whose window moves; what is in memory stays where it is.
Seen read(const MadeCapture& capture, std::uint32_t flows_max, std::uint32_t records_max) {
  const ScratchFile file(".pcap");
  file.write(capture.bytes());
  CaptureView view({.flows_max = flows_max});
  EXPECT_TRUE(view.open(file.path()).ok());
  Seen seen;
  for (Status status; status.ok();) {
    status = view.read(records_max, 0);
    for (const auto& flow : view.ended()) seen.ended.push_back(line_of(flow.row, &flow.note));
  }
  for (const auto& place : view.places()) seen.rows.push_back(line_of(view.row(place), view.note(place)));
  return seen;
}

End client(int number) {
  return {{10, 0, 0, 1}, static_cast<std::uint16_t>(10'000 + number)};
}
// One datagram of Google's QUIC: flags, a connection ID, the version, the hello.
std::string hello_of(int number) {
  const Octets hello =
      join({hex("09 0102030405060708"), text("Q043"), google_hello("site-" + std::to_string(number) + ".example")});
  return {reinterpret_cast<const char*>(hello.data()), hello.size()};
}

// More flows than there is room for, and back to those that have left.
TEST(CaptureViewTest, WhatIsSaidOfAFlowDoesNotDependOnHowMuchIsReadAtOnce) {
  MadeCapture capture;
  for (int i = 0; i < 200; ++i) {
    capture.udp(i, client(i), kServer, hello_of(i)).udp(i, kServer, client(i), "hello");
    if (i >= 20) capture.udp(i, client(i - 20), kServer, hello_of(i - 20));
  }
  const Seen one = read(capture, 16, 1);
  EXPECT_THAT(one.rows, SizeIs(16));
  EXPECT_THAT(one.ended, IsSupersetOf({"0 port 10000 packets 1/1 errors 0 sni site-0.example"}));
  for (const std::uint32_t records : {7U, 31U, 32U, 33U, 10'000U}) {
    const Seen many = read(capture, 16, records);
    EXPECT_EQ(many.ended, one.ended) << records;
    EXPECT_EQ(many.rows, one.rows) << records;
  }
}

// The window over a file is of half a mebibyte: what waits in it has to be looked at before it moves on.
TEST(CaptureViewTest, NamesAreReadWhereTheWindowMovesOn) {
  constexpr int kFlows = 3'000;
  MadeCapture capture;
  for (int i = 0; i < kFlows; ++i) capture.udp(i, client(i), kServer, hello_of(i) + std::string(900, '.'));
  const Seen seen = read(capture, 10'000, 10'000);
  ASSERT_THAT(seen.rows, SizeIs(kFlows));
  for (int i = 0; i < kFlows; ++i) {
    ASSERT_EQ(seen.rows[static_cast<std::size_t>(i)], std::to_string(i) + " port " + std::to_string(10'000 + i) +
                                                          " packets 1/0 errors 0 sni site-" + std::to_string(i) +
                                                          ".example");
  }
}

// Each value once, again and again: 8 bits per byte once there are 256.
std::string all_values(std::size_t bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(i);
  return out;
}

TEST(CaptureViewTest, EntropyIsOfEachWayAndNullOfTooFewBytes) {
  MadeCapture capture;
  capture.udp(0, kClient, kServer, all_values(200)).udp(1, kServer, kClient, all_values(255));
  capture.udp(2, kClient, kServer, all_values(256).substr(200));
  CaptureView view({});
  ASSERT_TRUE(view.open_memory(capture.bytes()).ok());
  EXPECT_EQ(view.read(100, 0).code(), Code::kEnd);
  const FlowNote* note = view.note(view.places().at(0));
  ASSERT_NE(note, nullptr);
  EXPECT_EQ(view.entropy(*note, true), 8.0);
  EXPECT_EQ(view.entropy(*note, false), std::nullopt);
}

TEST(CaptureViewTest, EntropyIsNotMeasuredWhereNothingIs) {
  MadeCapture capture;
  capture.udp(0, kClient, kServer, all_values(1'024));
  CaptureView view({.measure = false});
  ASSERT_TRUE(view.open_memory(capture.bytes()).ok());
  EXPECT_EQ(view.read(100, 0).code(), Code::kEnd);
  EXPECT_EQ(view.entropy(*view.note(view.places().at(0)), true), std::nullopt);
}

TEST(CaptureViewTest, AFlowThatMakesRoomTakesItsEntropyAlong) {
  MadeCapture capture;
  capture.udp(0, client(0), kServer, all_values(512));
  for (int i = 1; i <= 16; ++i) capture.udp(i, client(i), kServer, "x");
  CaptureView view({.flows_max = 16});
  ASSERT_TRUE(view.open_memory(capture.bytes()).ok());
  EXPECT_EQ(view.read(100, 0).code(), Code::kEnd);
  ASSERT_THAT(view.ended(), SizeIs(1));
  EXPECT_EQ(view.entropy(view.ended()[0].note, true), 8.0);
}

TEST(CaptureViewTest, AnErrorFindsTheFlowOfThePacketJustBeforeIt) {
  MadeCapture capture;
  capture.tcp(0, kClient, kServer, 2, 1'000, 0).unreachable(5, {{203, 0, 113, 1}, 0}, kClient, kServer, 1);
  EXPECT_EQ(read(capture, 16, 100).rows, std::vector<std::string>{"0 port 40000 packets 1/0 errors 1 sni -"});
}

}  // namespace
}  // namespace ipm::test

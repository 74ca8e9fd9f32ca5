// Packets are given without an allocation, whatever is said of their processes.
#include <gtest/gtest.h>

#include <string>

#include "source/pcap/capture_builder.h"
#include "support/count_allocations.h"
#include "support/scratch_file.h"

namespace ipm::source::pcap {
namespace {

using test::PcapngBuilder;
using test::ScratchFile;

std::size_t allocations_behind_the_first_packet(const std::string& bytes) {
  ScratchFile file(".pcap");
  file.write(bytes);
  CaptureFile capture;
  EXPECT_TRUE(capture.open(file.path()).ok());
  CapturedPacket packet;
  EXPECT_TRUE(capture.next(packet).ok());
  const std::size_t before = test::g_allocations;
  std::size_t packets = 1;
  while (capture.next(packet).ok()) ++packets;
  EXPECT_EQ(packets, 20'000U);
  return test::g_allocations - before;
}

TEST(CaptureAllocation, NoneForPcap) {
  std::string bytes = test::pcap_header();
  for (std::uint32_t i = 0; i < 20'000; ++i) bytes += test::pcap_record(i, 0, std::string(i % 200, 'x'), 200);
  // One for each of the few reads may come as the buffer takes in a record that lies across two.
  EXPECT_LE(allocations_behind_the_first_packet(bytes), 2U);
}

TEST(CaptureAllocation, NoneForPcapngWithProcesses) {
  const PcapngBuilder b;
  std::string bytes = b.section() + b.interface();
  const std::string options =
      b.option(1, "PID: 42\nCmd: /usr/bin/curl\nArgs: curl x") + b.option(2, b.u(1, 4)) + b.option(4, b.u(1, 8));
  for (std::uint32_t i = 0; i < 20'000; ++i) bytes += b.packet(0, i, std::string(i % 200, 'x'), 200, options);
  EXPECT_LE(allocations_behind_the_first_packet(bytes), 2U);
}

}  // namespace
}  // namespace ipm::source::pcap

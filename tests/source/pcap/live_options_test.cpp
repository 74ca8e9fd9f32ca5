#include "source/pcap/live_options.h"

#include <gmock/gmock.h>

namespace ipm::source::pcap {
namespace {

using ::testing::HasSubstr;

Result<LiveOptions> read(std::map<std::string, std::string> parameters, std::string interface = "eth0") {
  return read_live_options({.scheme = "pcap", .path = std::move(interface), .parameters = std::move(parameters)});
}

TEST(LiveOptionsTest, EachParameterIsTaken) {
  const auto all = read({{"filter", "port 443"},
                         {"snaplen", "64"},
                         {"buffer", "2M"},
                         {"netns", "blue"},
                         {"promiscuous", "yes"},
                         {"flows", "1k"}});
  ASSERT_TRUE(all.ok()) << all.status().message();
  EXPECT_EQ(all->packets.interface, "eth0");
  EXPECT_EQ(all->packets.filter, "port 443");
  EXPECT_EQ(all->packets.snap_bytes, 64U);
  EXPECT_EQ(all->packets.buffer_bytes, 2U << 20);
  EXPECT_TRUE(all->packets.promiscuous);
  EXPECT_EQ(all->netns, "/run/netns/blue");
  EXPECT_EQ(all->flows_max, 1'024U);
  EXPECT_EQ(read({{"netns", "/proc/1/ns/net"}})->netns, "/proc/1/ns/net");
}

TEST(LiveOptionsTest, AMistakeSaysWhatWouldBeRight) {
  const auto says = [](std::map<std::string, std::string> parameters) {
    const auto result = read(std::move(parameters));
    EXPECT_EQ(result.status().code(), Code::kInvalidArgument);
    return std::string(result.status().message());
  };
  EXPECT_THAT(says({{"snaplen", "63"}}), HasSubstr("write 64 to 256k"));
  EXPECT_THAT(says({{"buffer", "9k"}}), HasSubstr("write 1M to 1G"));
  EXPECT_THAT(says({{"flows", "2"}}), HasSubstr("write 16 to 4194304"));
  EXPECT_THAT(says({{"promiscuous", "1"}}), HasSubstr("yes or no"));
  EXPECT_THAT(says({{"filer", "tcp"}}), HasSubstr("did you mean \"filter\"?"));
  EXPECT_THAT(says({{"netns", ""}}), HasSubstr("ip netns"));
  EXPECT_THAT(std::string(read({{"flows", "16"}}, "").status().message()), HasSubstr("names no interface"));
}

}  // namespace
}  // namespace ipm::source::pcap

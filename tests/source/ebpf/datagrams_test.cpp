// UDP, raw and packet sockets: they begin with their first byte and end with their last descriptor.
#include "sockets_fixture.h"

namespace ipm::source::ebpf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace test;

class DatagramsTest : public SocketsFixture {
 protected:
  static constexpr std::uint16_t kIcmp = 1, kUdp = 17, kDatagram = 2;

  void sends(std::uint16_t remote_port, std::uint64_t bytes) {
    moves_over(kernel_tuple(5'353, remote_port, kUdp, kDatagram), 9, 101, bytes, 0);
  }
};

TEST_F(DatagramsTest, UdpSocketEndsWithItsLastDescriptor) {
  sends(0, 30);
  tick(at(10));
  EXPECT_THAT(told(), ElementsAre("open 9 bind by 101 exact/io", "data 9 by 101 30/0"));
  sends(0, 4);
  take(owner_record(IPM_RECORD_RELEASE, 9, 101, at(35), kUdp));
  EXPECT_THAT(told(), ElementsAre("data 9 by 101 4/0", "close 9 orderly after 25ms"));
  EXPECT_THAT(traffic_.entries, IsEmpty());
  EXPECT_EQ(sockets_.size(), 0U);
}

TEST_F(DatagramsTest, UdpSocketIsOpenedByItsFirstUse) {
  sends(0, 30);
  traffic_.entries.begin()->second.first_ns = static_cast<ipm_u64>(at(3));
  tick(at(10));
  EXPECT_EQ(events().front().header.time_ns, at(3));
  take(owner_record(IPM_RECORD_RELEASE, 9, 101, at(35), kUdp));
  EXPECT_THAT(told(), ElementsAre("close 9 orderly after 32ms"));
}

TEST_F(DatagramsTest, UdpSocketThatMovedNothingIsNotTold) {
  take(owner_record(IPM_RECORD_RELEASE, 9, 101, at(35), kUdp));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(DatagramsTest, ConnectedUdpSocketIsAConnectionOut) {
  sends(53, 30);
  tick(at(10));
  const std::vector<model::Event> events = this->events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(words(events[0]), "open 9 connect by 101 exact/io");
  const auto open = events[0].as<model::SocketOpen>();
  EXPECT_EQ(open.tuple.remote_port, 53);
  EXPECT_EQ(open.tuple.direction, model::Direction::kOut);
}

TEST_F(DatagramsTest, UdpSocketThatIsConnectedLaterHasItsPeerFromThenOn) {
  sends(0, 30);
  tick(at(10));
  (void)events();
  sends(53, 5);
  tick(at(20));
  const std::vector<model::Event> events = this->events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(words(events[0]), "data 9 by 101 5/0");
  EXPECT_EQ(events[0].as<model::SocketData>().tuple.remote_port, 53);
  EXPECT_EQ(events[0].as<model::SocketData>().tuple.local_port, 5'353);
}

TEST_F(DatagramsTest, NumbersInAPortsPlaceOfARawSocketAreNone) {
  moves_over(kernel_tuple(1, 0, kIcmp, kRawType), 9, 101, 64, 84);
  tick(at(10));
  const std::vector<model::Event> events = this->events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(words(events[1]), "data 9 by 101 64/84");
  EXPECT_EQ(events[1].as<model::SocketData>().tuple.local_port, 0);
  EXPECT_EQ(events[1].as<model::SocketData>().tuple.protocol, kIcmp);
}

TEST_F(DatagramsTest, PacketSocketTellsFramesAndNothingElse) {
  ipm_tuple tuple = kernel_tuple(0, 0, 0, kRawType);
  tuple.family = 17;
  moves_over(tuple, 9, 101, 60, 0);
  tick(at(10));
  moves_over(tuple, 9, 101, 1'500, 0);
  tick(at(20));
  EXPECT_THAT(told(), ElementsAre("frames by 101 60", "frames by 101 1500"));
  look(at(30), {});
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(sockets_.size(), 0U);
  EXPECT_THAT(traffic_.entries, IsEmpty());
}

}  // namespace
}  // namespace ipm::source::ebpf

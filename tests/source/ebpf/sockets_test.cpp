// Bytes: each is told once, for the process that moved it, on the right side of what changes its meaning.
#include "sockets_fixture.h"

namespace ipm::source::ebpf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using namespace test;

class SocketsTest : public SocketsFixture {};

TEST_F(SocketsTest, BytesAreToldOnceHoweverManyTicksPass) {
  connected();
  moves(7, 101, 100, 40);
  tick(at(10));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 100/40"));
  moves(7, 101, 20, 0);
  moves(7, 101, 3, 0);
  tick(at(20));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 23/0"));
  tick(at(30));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(SocketsTest, TwoProcessesOnOneSocketAreSplit) {
  connected();
  moves(7, 101, 100, 0);
  moves(7, 202, 0, 55);
  tick(at(10));
  EXPECT_THAT(told(), UnorderedElementsAre("data 7 by 101 100/0", "data 7 by 202 0/55"));
}

TEST_F(SocketsTest, AnEntryThatIsToldTwiceInATickIsReadOnce) {
  connected();
  moves(7, 101, 100, 40);
  take(io_record(7, 101));
  tick(at(10));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 100/40"));
}

TEST_F(SocketsTest, BytesBeforeAnExecComeBeforeItAndThoseAfterItAfter) {
  take(process_record(101, at(0)));
  connected();
  moves(7, 101, 100, 0, 1);
  take(process_record(101, at(5), 2, IPM_PROCESS_EXEC));
  moves(7, 101, 11, 0, 2);
  tick(at(10));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 100/0", "exec 101", "data 7 by 101 11/0"));
}

// The kernel side tells of an entry once a tick: what it moves after its sum was read comes without another word.
TEST_F(SocketsTest, BytesAfterTheirTickWasReadAreToldWithTheNext) {
  connected();
  begin_tick();
  moves(7, 101, 100, 0);
  end_tick(at(10));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 100/0"));
  moves(7, 101, 20, 0);
  tick(at(20));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 20/0"));
}

TEST_F(SocketsTest, BytesAfterTheirTickWasReadAreToldBeforeAnExec) {
  take(process_record(101, at(0)));
  connected();
  begin_tick();
  moves(7, 101, 100, 0);
  end_tick(at(10));
  moves(7, 101, 20, 0);
  take(process_record(101, at(15), 2, IPM_PROCESS_EXEC));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 100/0", "data 7 by 101 20/0", "exec 101"));
}

TEST_F(SocketsTest, ExecOfOneProcessLeavesWhatAnotherMovedToTheTick) {
  connected();
  take(process_record(101, at(3)));
  (void)told();
  moves(7, 202, 9, 0);
  take(process_record(101, at(5), 2, IPM_PROCESS_EXEC));
  EXPECT_THAT(told(), ElementsAre("exec 101"));
  tick(at(10));
  EXPECT_THAT(told(), ElementsAre("data 7 by 202 9/0"));
}

TEST_F(SocketsTest, ExitComesAfterWhatTheProcessMoved) {
  take(process_record(101, at(0)));
  connected();
  moves(7, 101, 100, 0);
  take(exit_record(101, at(5), 256));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 100/0", "exit 101 256"));
  tick(at(10));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(SocketsTest, AProcessIsToldOnceUntilItExecs) {
  take(process_record(101, at(0)));
  EXPECT_THAT(told(), ElementsAre("start 101"));
  take(exit_record(202, at(1)));
  EXPECT_THAT(told(), IsEmpty()) << "the end of one that was never told";
  EXPECT_EQ(out_.stats().filtered, 1U);
}

TEST_F(SocketsTest, EntriesOfASocketThatIsGoneAreForgotten) {
  connected();
  moves(7, 101, 100, 0);
  moves(7, 202, 100, 0);
  take(closed_record(7, at(5), model::TcpState::kLastAck, counters(200, 0)));
  take(destroyed_record(7, at(5)));
  EXPECT_THAT(traffic_.entries, IsEmpty());
  EXPECT_EQ(sockets_.size(), 0U);
}

TEST_F(SocketsTest, FirstUseThatOvertookItsEntryIsNothing) {
  take(io_record(7, 101));
  tick(at(10));
  EXPECT_THAT(told(), IsEmpty());
}

}  // namespace
}  // namespace ipm::source::ebpf

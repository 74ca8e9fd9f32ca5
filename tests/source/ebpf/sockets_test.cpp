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

// A listener's children, or a worker's requests: the socket outlives those who use it.
TEST_F(SocketsTest, EntriesOfAProcessThatExitedAreForgottenWhileTheirSocketsLive) {
  connected();
  for (std::uint32_t pid = 1'001; pid <= 1'100; ++pid) {
    take(process_record(pid, at(3)));
    moves(7, pid, 10, 1);
    if (pid % 2 == 0) tick(at(4));
    take(exit_record(pid, at(5)));
    EXPECT_THAT(traffic_.entries, IsEmpty());
  }
  const std::vector<std::string> words = told();
  EXPECT_EQ(std::count_if(words.begin(), words.end(), [](const auto& word) { return word.starts_with("data 7 by 1"); }),
            100);
  take(closed_record(7, at(9), model::TcpState::kLastAck, counters(1'000, 100)));
  take(destroyed_record(7, at(9)));
  EXPECT_THAT(told(), ElementsAre("close 7 orderly after 9ms")) << "what they moved is still known as told";
}

TEST_F(SocketsTest, EntriesOfAnImageThatAnotherReplacedAreForgotten) {
  take(process_record(101, at(0)));
  connected();
  for (std::uint32_t image = 1; image <= 50; ++image) {
    moves(7, 101, 10, 0, image);
    take(process_record(101, at(5), image + 1, IPM_PROCESS_EXEC));
    EXPECT_THAT(traffic_.entries, IsEmpty());
  }
  moves(7, 101, 1, 0, 51);
  tick(at(10));
  EXPECT_EQ(traffic_.entries.size(), 1U);
  EXPECT_EQ(told().back(), "data 7 by 101 1/0");
}

TEST_F(SocketsTest, EntriesOfThePredecessorWithItsPidAreForgotten) {
  connected();
  moves(7, 101, 10, 0, 1);
  tick(at(2));
  take(process_record(101, at(5), 9));  // Nobody told the exit of the first.
  EXPECT_THAT(traffic_.entries, IsEmpty());
}

TEST_F(SocketsTest, AnExitReadsWhatNoRecordSaidWasInUse) {
  take(process_record(101, at(0)));
  connected();
  moves(7, 101, 10, 0);
  tick(at(2));
  begin_tick();
  (void)traffic_.moved(7, 101, 5, 0, kernel_tuple(40'000, 443));
  ++traffic_.lost;
  (void)told();
  take(exit_record(101, at(5)));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 5/0", "exit 101 0"));
}

TEST_F(SocketsTest, EntriesOfAProcessThatIsFoundGoneAreForgotten) {
  connected();
  moves(7, 101, 10, 0);
  sockets_.process_gone(101, at(5));
  EXPECT_THAT(told(), ElementsAre("data 7 by 101 10/0"));
  EXPECT_THAT(traffic_.entries, IsEmpty());
}

TEST_F(SocketsTest, FirstUseThatOvertookItsEntryIsNothing) {
  take(io_record(7, 101));
  tick(at(10));
  EXPECT_THAT(told(), IsEmpty());
}

}  // namespace
}  // namespace ipm::source::ebpf

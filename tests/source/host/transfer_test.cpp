#include "source/host/transfer.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

#include "os/linux/clock.h"

namespace ipm::source::host {
namespace {

TEST(TransferTest, MovesItsBytesAndIsKnownByItsCookies) {
  Transfer transfer;
  ASSERT_TRUE(transfer.tcp().ok());
  ASSERT_TRUE(transfer.udp().ok());
  EXPECT_NE(transfer.tcp_cookie(), transfer.udp_cookie());
  EXPECT_TRUE(is_transfer(transfer.tcp_cookie()));
  EXPECT_TRUE(is_transfer(transfer.udp_cookie()));
  EXPECT_FALSE(is_transfer(0));
  EXPECT_FALSE(is_transfer(transfer.tcp_cookie() + (1ULL << 40)));
  transfer.close();
  EXPECT_TRUE(is_transfer(transfer.tcp_cookie()));
}

TEST(TransferTest, TheLast64SocketsAreKnown) {
  Transfer first;
  ASSERT_TRUE(first.udp().ok());
  for (int i = 0; i < 63; ++i) ASSERT_TRUE(Transfer().udp().ok());
  EXPECT_TRUE(is_transfer(first.udp_cookie()));
  ASSERT_TRUE(Transfer().udp().ok());
  EXPECT_FALSE(is_transfer(first.udp_cookie()));
}

TEST(TransferTest, WithoutLoopbackItSaysSoAtOnce) {
  bool apart = false;
  Status tcp, udp;
  TimeNs took = 0;
  std::thread([&] {
    apart = ::unshare(CLONE_NEWNET) == 0;
    if (!apart) return;
    const TimeNs began = os::boottime_ns();
    tcp = Transfer().tcp();
    udp = Transfer().udp();
    took = os::boottime_ns() - began;
  }).join();
  if (!apart) GTEST_SKIP() << "a network namespace needs CAP_SYS_ADMIN";
  EXPECT_TRUE(tcp.is_error()) << tcp.message();
  EXPECT_TRUE(udp.is_error()) << udp.message();
  EXPECT_LT(took, kSecond);
}

}  // namespace
}  // namespace ipm::source::host

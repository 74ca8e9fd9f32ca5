// Netlink bytes: whole, cut at every length, and of types that nobody asked for.
#include <gtest/gtest.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "os/linux/inet_diag.h"
#include "os/linux/netlink_messages.h"
#include "os/linux/netlink_socket.h"
#include "os/linux/proc_connector.h"
#include "os/linux/rtnetlink.h"

namespace ipm::os {
namespace {

using Buffer = std::vector<std::byte>;

template <typename T>
void append(Buffer& out, const T& value) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof value);
}

template <typename T>
void append_attribute(Buffer& out, std::uint16_t type, const T& value) {
  append(out, nlattr{static_cast<std::uint16_t>(sizeof(nlattr) + sizeof value), type});
  append(out, value);
  while (out.size() % 4 != 0) out.push_back({});
}

Buffer message(std::uint16_t type, const Buffer& payload) {
  Buffer out;
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + payload.size());
  header.nlmsg_type = type;
  header.nlmsg_seq = 7;
  append(out, header);
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

Buffer tcp_socket() {
  Buffer out;
  inet_diag_msg record{};
  record.idiag_family = AF_INET;
  record.idiag_state = 1;
  record.id.idiag_sport = 0x5000;  // Port 80 in network order.
  record.id.idiag_dport = 0x3930;  // 12345.
  record.id.idiag_src[0] = 0x0100'007f;
  record.id.idiag_dst[0] = 0x0702'00c0;
  record.id.idiag_cookie[0] = 5;
  record.id.idiag_cookie[1] = 1;
  record.idiag_uid = 33;
  record.idiag_inode = 4'711;
  append(out, record);
  tcp_info info{};
  info.tcpi_bytes_sent = 620'000;
  info.tcpi_bytes_retrans = 20'000;
  info.tcpi_bytes_received = 101;
  info.tcpi_rtt = 9;
  append_attribute(out, INET_DIAG_INFO, info);
  append_attribute(out, INET_DIAG_SHUTDOWN, std::uint8_t{1});
  append_attribute(out, 21, std::uint64_t{77});
  append_attribute(out, 999, std::uint32_t{1});  // Of a later kernel.
  return out;
}

TEST(InetDiagTest, SocketRecordIsReadWithItsAttributes) {
  const auto socket = parse_inet_diag(tcp_socket());
  ASSERT_TRUE(socket);
  EXPECT_EQ(socket->tuple.local.text(), "127.0.0.1");
  EXPECT_EQ(socket->tuple.remote.text(), "192.0.2.7");
  EXPECT_EQ(socket->tuple.local_port, 80);
  EXPECT_EQ(socket->tuple.remote_port, 12'345);
  EXPECT_EQ(socket->cookie, (1ULL << 32) + 5);
  EXPECT_EQ(socket->uid, 33U);
  EXPECT_EQ(socket->inode, 4'711U);
  EXPECT_EQ(socket->shutdown, 1);
  EXPECT_EQ(socket->cgroup_id, 77U);
  ASSERT_TRUE(socket->tcp);
  EXPECT_TRUE(socket->tcp->has_bytes_sent);
  EXPECT_EQ(socket->tcp->bytes_sent, 620'000U);
  EXPECT_EQ(socket->tcp->bytes_retrans, 20'000U);
  EXPECT_EQ(socket->tcp->bytes_received, 101U);
}

TEST(InetDiagTest, CutRecordIsReadUpToWholeAttributesOrNotAtAll) {
  const Buffer whole = tcp_socket();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Buffer cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    const auto socket = parse_inet_diag(cut);
    if (length < sizeof(inet_diag_msg)) {
      EXPECT_FALSE(socket) << length;
    } else if (length == sizeof(inet_diag_msg)) {
      EXPECT_TRUE(socket && !socket->tcp);
    }
  }
}

TEST(InetDiagTest, OtherFamilyIsNothing) {
  Buffer record = tcp_socket();
  record[0] = std::byte{AF_UNIX};
  EXPECT_FALSE(parse_inet_diag(record));
}

TEST(InetDiagTest, ShortTcpInfoOfAnOldKernelHasNoSentBytes) {
  Buffer out = tcp_socket();
  out.resize(sizeof(inet_diag_msg));
  std::array<std::byte, 104> old{};
  append_attribute(out, INET_DIAG_INFO, old);
  const auto socket = parse_inet_diag(out);
  ASSERT_TRUE(socket && socket->tcp);
  EXPECT_FALSE(socket->tcp->has_bytes_sent);
}

TEST(NetlinkMessagesTest, IterationEndsAtALengthThatDoesNotFit) {
  Buffer two = message(SOCK_DIAG_BY_FAMILY, tcp_socket());
  const std::size_t first = two.size();
  const Buffer second = message(NLMSG_DONE, Buffer(4));
  two.insert(two.end(), second.begin(), second.end());
  for (std::size_t length = 0; length <= two.size(); ++length) {
    NetlinkMessages messages(Bytes(two.data(), length));
    std::size_t count = 0;
    while (messages.next()) ++count;
    EXPECT_EQ(count, (length >= first ? 1U : 0U) + (length == two.size() ? 1U : 0U)) << length;
    EXPECT_EQ(messages.malformed(), length != 0 && length != first && length != two.size()) << length;
  }
}

TEST(NetlinkMessagesTest, LengthBelowTheHeaderIsMalformed) {
  Buffer bytes = message(NLMSG_DONE, {});
  bytes[0] = std::byte{3};
  NetlinkMessages messages(bytes);
  EXPECT_FALSE(messages.next());
  EXPECT_TRUE(messages.malformed());
}

TEST(NetlinkMessagesTest, ErrorIsAPositiveErrno) {
  Buffer bytes;
  append(bytes, -ENOENT);
  EXPECT_EQ(netlink_error(bytes), ENOENT);
  bytes.pop_back();
  EXPECT_FALSE(netlink_error(bytes));
}

Buffer fork_event(int pid, int tgid) {
  // Not a struct of the two: the kernel puts the event right behind the 20 bytes of the head.
  Buffer bytes;
  append(bytes, cb_id{CN_IDX_PROC, CN_VAL_PROC});
  append(bytes, std::array<std::uint32_t, 2>{});
  append(bytes, std::array<std::uint16_t, 2>{sizeof(proc_event), 0});
  proc_event event{};
  event.what = static_cast<decltype(event.what)>(1);
  event.event_data.fork = {10, 11, pid, tgid};
  append(bytes, event);
  return bytes;
}

TEST(ProcessNewsTest, ForkOfAProcessNamesChildAndParent) {
  const auto news = parse_process_news(fork_event(20, 20));
  ASSERT_TRUE(news);
  EXPECT_EQ(news->what, ProcessNews::What::kFork);
  EXPECT_EQ(news->pid, 20U);
  EXPECT_EQ(news->parent_pid, 11U);
}

TEST(ProcessNewsTest, ForkOfAThreadIsNoNews) {
  const auto news = parse_process_news(fork_event(21, 20));
  ASSERT_TRUE(news);
  EXPECT_EQ(news->what, ProcessNews::What::kOther);
}

TEST(ProcessNewsTest, CutOrForeignMessageIsNothing) {
  Buffer whole = fork_event(20, 20);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(parse_process_news(Bytes(whole.data(), length))) << length;
  }
  whole[0] = std::byte{9};
  EXPECT_FALSE(parse_process_news(whole));
}

Buffer link_message() {
  Buffer out;
  ifinfomsg head{};
  head.ifi_index = 2;
  head.ifi_flags = 1;
  append(out, head);
  append_attribute(out, IFLA_IFNAME, std::array<char, 5>{'e', 't', 'h', '0', 0});
  rtnl_link_stats64 stats{};
  stats.rx_bytes = 1ULL << 40;
  stats.tx_bytes = 5;
  append_attribute(out, IFLA_STATS64, stats);
  return out;
}

TEST(LinkTest, InterfaceHasItsNameAndOctets) {
  const auto link = parse_link(link_message());
  ASSERT_TRUE(link);
  EXPECT_EQ(link->index, 2U);
  EXPECT_EQ(link->name, "eth0");
  EXPECT_TRUE(link->has_counters);
  EXPECT_EQ(link->rx_bytes, 1ULL << 40);
  EXPECT_EQ(link->tx_bytes, 5U);
}

TEST(LinkTest, CutMessageHasNoCountersOrIsNothing) {
  const Buffer whole = link_message();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto link = parse_link(Bytes(whole.data(), length));
    EXPECT_FALSE(link && link->has_counters) << length;
  }
}

TEST(NetlinkSocketTest, KernelAnswersADump) {
  auto socket = NetlinkSocket::open(NETLINK_SOCK_DIAG, 0);
  ASSERT_TRUE(socket.ok()) << socket.status().message();
  ASSERT_TRUE(socket->send(inet_diag_dump_request(AF_INET, 6, 0xfff, 3)).ok());
  Buffer buffer(65'536);
  const auto received = socket->receive(buffer);
  ASSERT_EQ(received.what, NetlinkSocket::What::kData);
  EXPECT_TRUE(NetlinkMessages(received.bytes).next());
}

TEST(NetlinkSocketTest, UnknownProtocolIsAStatus) {
  EXPECT_FALSE(NetlinkSocket::open(31, 0).ok());
}

}  // namespace
}  // namespace ipm::os

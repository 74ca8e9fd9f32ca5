// The text of /proc, whole, cut and foreign; and the readers over a recorded tree.
#include "os/linux/proc_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/linux/clock.h"
#include "os/linux/netns.h"
#include "os/linux/proc_fds.h"
#include "os/linux/proc_files.h"

namespace ipm::os {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const std::string kProc = IPM_TEST_DATA "/proc";

std::string recorded(std::string_view path) {
  Result<std::string> text = read_file(kProc + "/" + std::string(path));
  EXPECT_TRUE(text.ok()) << text.status().message();
  return text.ok() ? *text : std::string();
}

TEST(ProcTextTest, NameMayHoldParenthesesNewlinesAndForeignBytes) {
  const auto stat = parse_proc_stat(recorded("101/stat"));
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->comm, "nginx: a) b(\n\xff");
  EXPECT_EQ(stat->pid, 101U);
  EXPECT_EQ(stat->ppid, 1U);
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->user_ticks, 250U);
  EXPECT_EQ(stat->system_ticks, 50U);
  EXPECT_EQ(stat->start_ticks, 123'456U);
  EXPECT_EQ(stat->rss_pages, 3'021U);
}

TEST(ProcTextTest, CutStatIsNothingUntilItsLastNeededField) {
  const std::string text = recorded("101/stat");
  const std::size_t needed = text.find(" 3021 ") + 2;  // Field 24 has begun: a shorter number, but a number.
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_EQ(parse_proc_stat(text.substr(0, length)).has_value(), length >= needed) << length;
  }
  EXPECT_FALSE(parse_proc_stat(recorded("303/stat")));
}

TEST(ProcTextTest, UidIsTheEffectiveOne) {
  EXPECT_EQ(parse_status_uid("Name:\tx\nUid:\t1\t2\t3\t4\n"), 2U);
  EXPECT_EQ(parse_status_uid(recorded("101/status")), 33U);
  EXPECT_FALSE(parse_status_uid(recorded("303/status")));
  EXPECT_FALSE(parse_status_uid("Name:\tUid:\t1\t2\n"));
}

TEST(ProcTextTest, CapabilitiesAreHexadecimal) {
  EXPECT_EQ(parse_status_capabilities(recorded("101/status")), 0x1000U);
  EXPECT_FALSE(parse_status_capabilities("CapEff:\t\n"));
}

TEST(ProcTextTest, ArgumentsEndInNul) {
  EXPECT_THAT(parse_cmdline(recorded("101/cmdline")), ElementsAre("nginx: worker", "-g", "daemon off;"));
  EXPECT_THAT(parse_cmdline(""), IsEmpty());
  EXPECT_THAT(parse_cmdline("no nul"), ElementsAre("no nul"));
}

TEST(ProcTextTest, CgroupOfAHybridHostIsSystemds) {
  EXPECT_EQ(parse_cgroup(recorded("101/cgroup")), "/system.slice/nginx.service");
  EXPECT_EQ(parse_cgroup("0::/user.slice\n1:name=systemd:/other\n"), "/user.slice");
  EXPECT_EQ(parse_cgroup("4:memory:/docker/x\n0::/\n"), "/docker/x");
  EXPECT_EQ(parse_cgroup("0::/\n"), "/");
  EXPECT_EQ(parse_cgroup("nonsense\n:\n::\n"), "");
}

TEST(ProcTextTest, IoNeedsBothNumbers) {
  const auto io = parse_proc_io(recorded("101/io"));
  ASSERT_TRUE(io);
  EXPECT_EQ(io->read_bytes, 4'096U);
  EXPECT_EQ(io->write_bytes, 8'192U);
  EXPECT_FALSE(parse_proc_io("read_bytes: 1\n"));
}

TEST(ProcTextTest, SnmpColumnsAreFoundByName) {
  const auto snmp = parse_snmp(recorded("net/snmp"));
  ASSERT_TRUE(snmp);
  EXPECT_EQ(snmp->tcp_active_opens, 11U);
  EXPECT_EQ(snmp->tcp_passive_opens, 12U);
  EXPECT_EQ(snmp->tcp_attempt_fails, 13U);
  EXPECT_EQ(snmp->tcp_estab_resets, 14U);
  EXPECT_EQ(snmp->tcp_retrans_segs, 30U);
  EXPECT_EQ(snmp->tcp_out_rsts, 40U);
  EXPECT_EQ(snmp->udp_in_datagrams, 500U);
  EXPECT_EQ(snmp->udp_out_datagrams, 600U);
}

TEST(ProcTextTest, CutSnmpIsNothing) {
  const std::string text = recorded("net/snmp");
  const std::size_t needed = text.rfind(" 600") + 2;
  for (std::size_t length = 0; length < needed; ++length) EXPECT_FALSE(parse_snmp(text.substr(0, length))) << length;
}

TEST(ProcTextTest, InodeLinkIsOfTheKindAskedFor) {
  EXPECT_EQ(parse_inode_link("socket:[4711]", "socket"), 4'711U);
  EXPECT_EQ(parse_inode_link("net:[4026531840]", "net"), 4'026'531'840U);
  for (const char* other : {"pipe:[4711]", "socket:[]", "socket:[1", "socket:", "", "socket:[x]", "socket:[-1]"}) {
    EXPECT_FALSE(parse_inode_link(other, "socket")) << other;
  }
}

TEST(ProcFilesTest, ProcessesOfARecordedTreeAreListed) {
  const auto pids = list_processes(kProc);
  ASSERT_TRUE(pids.ok());
  EXPECT_THAT(*pids, UnorderedElementsAre(101, 202, 303));
}

TEST(ProcFilesTest, SocketsOfAProcessAreFoundAmongItsDescriptors) {
  std::vector<std::uint64_t> inodes;
  std::uint64_t links = 0;
  ASSERT_TRUE(for_each_socket_fd(kProc, 101, links, [&](std::uint64_t inode) { inodes.push_back(inode); }).ok());
  EXPECT_THAT(inodes, UnorderedElementsAre(4'711, 4'712, 4'711));
  EXPECT_EQ(links, 5U);
  EXPECT_EQ(for_each_socket_fd(kProc, 404, links, [](std::uint64_t) {}).code(), Code::kNotFound);
}

TEST(ProcFilesTest, NetworkNamespaceComesFromItsLink) {
  EXPECT_EQ(*netns_of(kProc, 202), 4'026'532'001U);
  EXPECT_EQ(netns_of(kProc, 303).status().code(), Code::kNotFound);
}

TEST(ProcFilesTest, BootIdIsSixteenBytes) {
  const auto id = boot_id(kProc);
  ASSERT_TRUE(id.ok());
  EXPECT_EQ((*id)[0], 0x1b);
  EXPECT_EQ((*id)[15], 0x27);
  EXPECT_EQ(parse_boot_id("1b4e28ba-2fa1-11d2-883f-0016d3cca42\n").status().code(), Code::kCorrupt);
  EXPECT_EQ(parse_boot_id("1b4e28ba-2fa1-11d2-883f-0016d3cca4270\n").status().code(), Code::kCorrupt);
}

TEST(ProcFilesTest, MissingFileSaysWhatWasTried) {
  const auto text = read_file(kProc + "/404/stat");
  EXPECT_EQ(text.status().code(), Code::kNotFound);
  EXPECT_THAT(std::string(text.status().message()), testing::HasSubstr("404/stat"));
}

}  // namespace
}  // namespace ipm::os

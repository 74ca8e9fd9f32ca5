// Recorded hosts, one a test: which parts run there, and what is said of the others.
#include "source/ebpf/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <regex>
#include <set>

#include "source/host/capabilities.h"

namespace ipm::source::ebpf {
namespace {

using testing::Each;
using testing::ElementsAre;

constexpr std::uint64_t kAll = 0x1fffeffffff;  // CapEff of root on the machine that these were recorded on.

constexpr std::uint64_t only(std::initializer_list<int> capabilities) {
  std::uint64_t set = 0;
  for (const int capability : capabilities) set |= std::uint64_t{1} << capability;
  return set;
}

Outcomes all_run() {
  return {};
}

Outcomes all_refused(int error) {
  Outcomes out;
  out.fill(Outcome::refused("load", error));
  return out;
}

Outcome& of(Outcomes& outcomes, Part part) {
  return outcomes[static_cast<std::size_t>(part)];
}

const std::string& absent(const Selection& selection, Part part) {
  return selection.absent[static_cast<std::size_t>(part)];
}

TEST(SelectionTest, RootOnLinux618HasEveryPart) {
  const Selection selection = select({.capabilities = kAll}, all_run());
  EXPECT_THAT(selection.absent, Each(""));
  EXPECT_TRUE(selection.status.ok());
}

TEST(SelectionTest, NobodyIsToldEachCapabilityOfEachPart) {
  const Selection selection = select({.capabilities = 0, .tracefs = Tracefs::kNotMounted}, all_refused(EPERM));
  EXPECT_THAT(
      selection.absent,
      ElementsAre("needs CAP_BPF and CAP_PERFMON", "needs CAP_BPF and CAP_PERFMON", "needs CAP_BPF and CAP_PERFMON",
                  "needs CAP_BPF and CAP_PERFMON; tracefs is not mounted; needs mount -t tracefs none "
                  "/sys/kernel/tracing, or CAP_SYS_ADMIN",
                  "needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN", "needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN",
                  "needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN", "needs CAP_BPF and CAP_PERFMON"));
  EXPECT_EQ(selection.status.code(), Code::kPermission);
  EXPECT_EQ(selection.status.message(), "needs CAP_BPF and CAP_PERFMON");
}

TEST(SelectionTest, OnlyTheCapabilityThatIsMissingIsNamed) {
  const auto missing = [](std::uint64_t set) {
    return absent(select({.capabilities = set}, all_refused(EPERM)), Part::kRelease);
  };
  using host::kCapBpf, host::kCapNetAdmin, host::kCapPerfmon;
  EXPECT_EQ(missing(only({kCapPerfmon, kCapNetAdmin})), "needs CAP_BPF");
  EXPECT_EQ(missing(only({kCapBpf, kCapNetAdmin})), "needs CAP_PERFMON");
  EXPECT_EQ(missing(only({kCapBpf, kCapPerfmon})), "needs CAP_NET_ADMIN");
  EXPECT_EQ(missing(only({kCapBpf})), "needs CAP_PERFMON and CAP_NET_ADMIN");
}

TEST(SelectionTest, WithBpfAndPerfmonAloneTheEndOfUdpIsMissing) {
  Outcomes outcomes = all_run();
  of(outcomes, Part::kAccept) = Outcome::refused("find tracepoint sys_exit_accept4", EPERM);
  of(outcomes, Part::kRelease) = of(outcomes, Part::kNames) = of(outcomes, Part::kPackets) =
      Outcome::refused("load", EPERM);
  const Selection selection =
      select({.capabilities = only({host::kCapBpf, host::kCapPerfmon}), .tracefs = Tracefs::kForbidden}, outcomes);
  EXPECT_THAT(selection.absent, ElementsAre("", "", "",
                                            "tracefs is not readable; needs CAP_DAC_READ_SEARCH, or tracefs mounted "
                                            "for this group (gid=, mode=750)",
                                            "needs CAP_NET_ADMIN", "needs CAP_NET_ADMIN", "needs CAP_NET_ADMIN", ""));
  EXPECT_TRUE(selection.status.ok());
}

// Before 5.8 it was all of them, and the kernel still takes it for each.
TEST(SelectionTest, SysAdminStandsForTheOthers) {
  Outcomes outcomes = all_run();
  of(outcomes, Part::kRelease) = Outcome::refused("attach ipm_release", EPERM);
  const Selection selection = select({.capabilities = only({host::kCapSysAdmin})}, outcomes);
  EXPECT_EQ(absent(selection, Part::kRelease),
            "attach ipm_release: Operation not permitted, although it has CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN: a "
            "seccomp filter, a security module or lockdown forbids it");
}

TEST(SelectionTest, CapabilitiesOfAUserNamespaceDoNotCount) {
  const Selection selection = select({.capabilities = kAll, .initial_user_namespace = false}, all_refused(EPERM));
  EXPECT_EQ(selection.status.message(), "needs CAP_BPF and CAP_PERFMON in the initial user namespace");
  EXPECT_EQ(absent(selection, Part::kRelease),
            "needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN in the initial user namespace");
}

TEST(SelectionTest, Linux61CountsByConnectionAndPacketInstead) {
  Outcomes outcomes = all_run();
  of(outcomes, Part::kLength) = Outcome::refused("load", ESRCH);
  const Facts facts{.capabilities = kAll, .not_in_kernel = {"sock_send_length", "sock_recv_length"}};
  const Selection selection = select(facts, outcomes);
  EXPECT_TRUE(selection.status.ok());
  EXPECT_EQ(absent(selection, Part::kLength),
            "kernel has no sock_send_length and sock_recv_length (needs Linux 6.3); instead tcp bytes are the kernel's "
            "of each connection (layer tcp), udp bytes those of packets (layer ip), for the owner of the socket");
  EXPECT_EQ(absent(selection, Part::kSeed), "");
  of(outcomes, Part::kPackets) = Outcome::refused("open cgroup v2", ENOENT);
  EXPECT_THAT(absent(select(facts, outcomes), Part::kLength), testing::HasSubstr("udp bytes are not known"));
}

TEST(SelectionTest, NothingStandsInForTheLengthsWhereTheLifeOfConnectionsIsNotTold) {
  Outcomes outcomes = all_run();
  of(outcomes, Part::kLength) = of(outcomes, Part::kLifecycle) = Outcome::refused("load", ESRCH);
  const Facts facts{.capabilities = kAll, .not_in_kernel = {"sock_send_length", "sock_recv_length", "tcp_send_reset"}};
  const Selection selection = select(facts, outcomes);
  EXPECT_EQ(selection.status.code(), Code::kUnsupported);
  EXPECT_EQ(selection.status.message(), "kernel has no sock_send_length and sock_recv_length (needs Linux 6.3)");
  EXPECT_EQ(absent(selection, Part::kSeed), "does not run without bytes of each process");
}

// What is no permission stays none when the kernel is the reason: more rights would not help.
TEST(SelectionTest, NobodyOnLinux61IsToldBothAndThatTheKernelDecides) {
  const Facts facts{.capabilities = 0, .not_in_kernel = {"sock_send_length"}};
  const Selection selection = select(facts, all_refused(EPERM));
  EXPECT_EQ(selection.status.code(), Code::kUnsupported);
  EXPECT_EQ(selection.status.message(),
            "kernel has no sock_send_length (needs Linux 6.3); needs CAP_BPF and CAP_PERFMON");
}

TEST(SelectionTest, WithoutBtfNothingRunsWhateverTheCapabilities) {
  const Selection selection = select({.capabilities = kAll, .btf = false}, all_refused(ENOENT));
  EXPECT_THAT(selection.absent,
              Each("kernel has no BTF: /sys/kernel/btf/vmlinux is not there (CONFIG_DEBUG_INFO_BTF)"));
  EXPECT_EQ(selection.status.code(), Code::kUnsupported);
}

TEST(SelectionTest, AKernelWithoutAnotherTracepointLosesThatPartOnly) {
  Outcomes outcomes = all_run();
  of(outcomes, Part::kLifecycle) = Outcome::refused("load", ESRCH);
  const Selection selection = select({.capabilities = kAll, .not_in_kernel = {"tcp_send_reset"}}, outcomes);
  EXPECT_THAT(selection.absent, ElementsAre("", "kernel has no tcp_send_reset", "", "", "", "", "", ""));
  EXPECT_TRUE(selection.status.ok());
}

TEST(SelectionTest, WithoutCgroup2OrSystemCallTracepointsTheKernelIsNamed) {
  Outcomes outcomes = all_run();
  of(outcomes, Part::kAccept) = Outcome::refused("find tracepoint sys_exit_accept4", ENOENT);
  of(outcomes, Part::kRelease) = of(outcomes, Part::kNames) = of(outcomes, Part::kPackets) =
      Outcome::refused("open cgroup v2", ENOENT);
  const Selection selection =
      select({.capabilities = kAll, .cgroup2 = false, .tracefs = Tracefs::kWithoutCalls}, outcomes);
  EXPECT_THAT(selection.absent,
              ElementsAre("", "", "", "kernel has no tracepoints of system calls (CONFIG_FTRACE_SYSCALLS)",
                          "cgroup v2 is not mounted at /sys/fs/cgroup or /sys/fs/cgroup/unified",
                          "cgroup v2 is not mounted at /sys/fs/cgroup or /sys/fs/cgroup/unified",
                          "cgroup v2 is not mounted at /sys/fs/cgroup or /sys/fs/cgroup/unified", ""));
}

TEST(SelectionTest, WhatNothingExplainsIsTheKernelsOwnWord) {
  Outcomes outcomes = all_run();
  of(outcomes, Part::kProcesses) = Outcome::refused("attach ipm_exec", EBUSY);
  const Selection selection = select({.capabilities = kAll}, outcomes);
  EXPECT_EQ(absent(selection, Part::kProcesses), "attach ipm_exec: Device or resource busy");
}

TEST(SelectionTest, APartThatRunsIsNeverAbsentWhateverTheFactsSay) {
  const Facts facts{.capabilities = 0, .btf = false, .cgroup2 = false, .tracefs = Tracefs::kNotMounted};
  EXPECT_THAT(select(facts, all_run()).absent, Each(""));
}

TEST(SelectionTest, APartThatIsLeftOutSaysSo) {
  Outcomes outcomes = all_run();
  of(outcomes, Part::kSeed) = Outcome::left_out();
  const Selection selection = select({.capabilities = kAll}, outcomes);
  EXPECT_EQ(absent(selection, Part::kSeed), "left out by without=seed");
  EXPECT_TRUE(selection.status.ok());
}

TEST(SelectionTest, WithoutLengthsAndWhatStandsInForThemThereIsNothingToOpen) {
  Outcomes outcomes = all_run();
  of(outcomes, Part::kLength) = of(outcomes, Part::kSeed) = Outcome::left_out();
  const Selection selection = select({.capabilities = kAll}, outcomes);
  EXPECT_EQ(selection.status.code(), Code::kInvalidArgument);
  EXPECT_EQ(selection.status.message(),
            "left out by without=length: what stands in for it is missing too; sockets from before the source was "
            "opened: left "
            "out by without=seed");
  for (std::size_t i = 0; i < kParts; ++i) EXPECT_NE(selection.absent[i], "") << kPartFacts[i].name;
}

// The facts are looked up by these names: one that is misspelt would be said to be missing from every kernel.
TEST(SelectionTest, NamesAreThoseThatTheProgramsAreAttachedTo) {
  for (std::size_t i = 0; i < kParts; ++i) {
    const Part part{static_cast<std::uint8_t>(i)};
    std::ifstream in(IPM_SOURCE_DIR "/src/source/ebpf/bpf/" + std::string(facts_of(part).name) + ".bpf.c");
    ASSERT_TRUE(in) << facts_of(part).name;
    std::set<std::string> attached;
    const std::regex section("^SEC\\(\"(tp_btf|iter)/(\\w+)\"\\)");
    for (std::string line; std::getline(in, line);) {
      std::smatch found;
      if (!std::regex_search(line, found, section)) continue;
      attached.insert((found[1] == "iter" ? "bpf_iter_" : "") + found[2].str());
    }
    const auto wanted = wanted_names(part);
    EXPECT_EQ(attached, std::set<std::string>(wanted.begin(), wanted.end())) << facts_of(part).name;
  }
}

}  // namespace
}  // namespace ipm::source::ebpf

// Records of the kernel side as nouns of the model.
#include "source/ebpf/records.h"

#include <gtest/gtest.h>

#include "made_records.h"

namespace ipm::source::ebpf {
namespace {

using test::process_record;

TEST(EbpfRecordsTest, ProcessIsKnownByTheTicksOfItsStart) {
  const std::uint64_t tick_ns = static_cast<std::uint64_t>(kSecond) / os::ticks_per_second();
  const ipm_actor actor{.start_ns = 298'253 * tick_ns + tick_ns - 1, .pid = 4'711, .image = 9};
  EXPECT_EQ(key_of(actor), model::ProcessKey(4'711, 298'253));
  EXPECT_TRUE(key_of({.start_ns = 5 * tick_ns, .pid = 0, .image = 0}).empty());
}

TEST(EbpfRecordsTest, TimesBeyondAnyClockAreCut) {
  EXPECT_EQ(time_of(5), 5);
  EXPECT_EQ(time_of(static_cast<ipm_u64>(kTimeMaxNs)), kTimeMaxNs);
  EXPECT_EQ(time_of(static_cast<ipm_u64>(kTimeMaxNs) + 1), kTimeMaxNs);
  EXPECT_EQ(time_of(UINT64_MAX), kTimeMaxNs);
}

TEST(EbpfRecordsTest, TupleOfIpv4) {
  const model::FlowTuple tuple = tuple_of(test::kernel_tuple(40'000, 443));
  EXPECT_EQ(tuple.local.text(), "10.0.0.1");
  EXPECT_EQ(tuple.remote.text(), "192.0.2.7");
  EXPECT_EQ(tuple.local_port, 40'000);
  EXPECT_EQ(tuple.remote_port, 443);
  EXPECT_EQ(tuple.netns, 7U);
  EXPECT_EQ(tuple.protocol, model::kProtocolTcp);
  EXPECT_EQ(tuple.direction, model::Direction::kUnknown);
}

TEST(EbpfRecordsTest, TupleOfIpv6) {
  ipm_tuple raw = test::kernel_tuple(40'000, 443);
  raw.family = 10;
  std::memset(raw.local_addr, 0, sizeof raw.local_addr);
  raw.local_addr[15] = 1;
  std::memset(raw.remote_addr, 0, sizeof raw.remote_addr);
  raw.remote_addr[0] = 0x20, raw.remote_addr[1] = 0x01, raw.remote_addr[2] = 0x0d, raw.remote_addr[3] = 0xb8;
  raw.remote_addr[15] = 9;
  EXPECT_EQ(tuple_of(raw).local.text(), "::1");
  EXPECT_EQ(tuple_of(raw).remote.text(), "2001:db8::9");
}

TEST(EbpfRecordsTest, MappedIpv4OfAnIpv6SocketIsThatIpv4) {
  ipm_tuple raw = test::kernel_tuple(40'000, 443);
  raw.family = 10;
  const unsigned char mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7};
  std::memcpy(raw.remote_addr, mapped, sizeof mapped);
  EXPECT_EQ(tuple_of(raw).remote, tuple_of(test::kernel_tuple(40'000, 443)).remote);
  EXPECT_TRUE(tuple_of(raw).remote.is_v4());
}

// Paths are written from the back.
ipm_record_process with_exe(std::string_view path, std::uint32_t flags = 0) {
  ipm_record_process record = process_record(101, 0, 1, flags);
  record.exe_begin = static_cast<ipm_u32>(IPM_EXE_BYTES - path.size());
  std::memcpy(record.exe + record.exe_begin, path.data(), path.size());
  std::memset(record.exe + IPM_EXE_BYTES, 'x', IPM_NAME_BYTES);  // What a name longer than its place left.
  return record;
}

TEST(EbpfRecordsTest, ExeStandsAtTheBackOfItsBuffer) {
  EXPECT_EQ(process_of(with_exe("/usr/sbin/nginx")).exe, "/usr/sbin/nginx");
}

TEST(EbpfRecordsTest, ExeThatFillsItsBufferIsWhole) {
  const std::string path = "/" + std::string(IPM_EXE_BYTES - 1, 'a');
  EXPECT_EQ(process_of(with_exe(path)).exe, path);
}

TEST(EbpfRecordsTest, ExeThatLostItsBeginningSaysSo) {
  EXPECT_EQ(process_of(with_exe("/sbin/nginx", IPM_PROCESS_EXE_CUT)).exe, "…/sbin/nginx");
}

TEST(EbpfRecordsTest, ExeWithoutANameIsDeletedAsProcSaysIt) {
  EXPECT_EQ(process_of(with_exe("/tmp/a", IPM_PROCESS_EXE_DELETED)).exe, "/tmp/a (deleted)");
}

TEST(EbpfRecordsTest, KernelThreadHasNoExe) {
  const host::ToldProcess process = process_of(process_record(101, 0, 1, IPM_PROCESS_KERNEL));
  EXPECT_EQ(process.exe, "");
  EXPECT_FALSE(process.exec);
}

TEST(EbpfRecordsTest, ExeThatBeginsPastItsBufferIsNone) {
  ipm_record_process record = with_exe("/usr/sbin/nginx");
  record.exe_begin = 0xffff'ffff;
  EXPECT_EQ(process_of(record).exe, "");
}

TEST(EbpfRecordsTest, AncestorsAreNamedParentFirst) {
  ipm_record_process record = process_record(101, 0);
  record.ancestors[0] = {.pid = 3, .comm = "bash"};
  record.ancestors[1] = {.pid = 2, .comm = "fifteen_letters"};
  record.ancestors[3] = {.pid = 1, .comm = "after the end"};
  EXPECT_EQ(process_of(record).ancestors, "bash < fifteen_letters");
}

TEST(EbpfRecordsTest, CommsWithoutAnEndAreCut) {
  ipm_record_process record = process_record(101, 0);
  std::memset(record.comm, 'c', sizeof record.comm);
  record.ancestors[0].pid = 3;
  std::memset(record.ancestors[0].comm, 'a', sizeof record.ancestors[0].comm);
  const host::ToldProcess process = process_of(record);
  EXPECT_EQ(process.ancestors, std::string(16, 'a'));
  EXPECT_EQ(std::string(process.facts.comm), std::string(15, 'c'));
}

TEST(EbpfRecordsTest, FactsAreTheRecords) {
  ipm_record_process record = process_record(101, 0, 1, IPM_PROCESS_EXEC);
  record.cgroup_id = 11;
  record.exe_inode = 12;
  record.exe_mtime_ns = 13;
  record.parent = 14;
  record.uid = 15;
  record.netns = 16;
  record.exe_dev = (8U << 20) | 0x12345;  // As the kernel has it.
  const host::ToldProcess process = process_of(record);
  EXPECT_TRUE(process.exec);
  EXPECT_EQ(process.key, model::ProcessKey(101, test::kStartTicks));
  EXPECT_EQ(process.facts.cgroup_id, 11U);
  EXPECT_EQ(process.facts.exe_inode, 12U);
  EXPECT_EQ(process.facts.exe_mtime_ns, 13);
  EXPECT_EQ(process.facts.ppid, 14U);
  EXPECT_EQ(process.facts.uid, 15U);
  EXPECT_EQ(process.facts.netns, 16U);
  EXPECT_EQ(process.facts.exe_dev, 0x1230'0845U) << "minor 0x123__45 around major 8, as stat(2) has it";
  EXPECT_EQ(process.facts.start_ns, static_cast<TimeNs>(record.actor.start_ns));
}

TEST(EbpfRecordsTest, PayloadSentIsWithoutWhatWasSentAgain) {
  ipm_tcp tcp = test::counters(620'000, 0);
  tcp.bytes_retrans = 20'000;
  EXPECT_EQ(payload_sent(tcp), 600'000U);
  tcp.bytes_retrans = 700'000;
  EXPECT_EQ(payload_sent(tcp), 0U);
}

TEST(EbpfRecordsTest, PayloadTakenIsWithoutTheFinAndWhatIsUnread) {
  ipm_tcp tcp = test::counters(0, 101);
  EXPECT_EQ(payload_taken(tcp), 101U);
  tcp.fin_received = 1;
  EXPECT_EQ(payload_taken(tcp), 100U) << "the FIN was read";
  tcp.unread = 1;
  EXPECT_EQ(payload_taken(tcp), 100U) << "only the FIN is unread";
  tcp.unread = 31;
  EXPECT_EQ(payload_taken(tcp), 70U);
  tcp.unread = 102;
  EXPECT_EQ(payload_taken(tcp), 0U);
}

TEST(EbpfRecordsTest, ARecordIsAsLongAsItSaysAtLeast) {
  struct {
    ipm_record_head head{.type = 1, .bytes = sizeof(ipm_record_head), .time_ns = 5};
    char more[8] = {};
  } record;
  const auto bytes = std::as_bytes(std::span(&record, 1));
  EXPECT_TRUE(head_of(bytes));
  EXPECT_TRUE(head_of(bytes.first(sizeof record.head)));
  EXPECT_FALSE(head_of(bytes.first(sizeof record.head - 1)));
  record.head.bytes = sizeof record;
  EXPECT_TRUE(head_of(bytes));
  EXPECT_FALSE(head_of(bytes.first(sizeof record - 1)));
  record.head.bytes = sizeof record.head - 1;
  EXPECT_FALSE(head_of(bytes));
}

}  // namespace
}  // namespace ipm::source::ebpf

// The self-test's own records, over a real transfer and records made by hand.
#include "source/ebpf/own_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "made_records.h"
#include "source/ebpf/records.h"
#include "source/host/transfer.h"

namespace ipm::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class OwnRecordsTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kOwn = 101, kOther = 102;

  OwnRecordsTest() {
    EXPECT_TRUE(transfer_.udp().ok());
    own_.set_pid(kOwn);
  }
  template <class T>
  void pass(const T& record) {
    own_.pass(std::as_bytes(std::span(&record, 1)),
              [this](std::span<const std::byte> each) { taken_.push_back(source::ebpf::subject_of(each).type); });
  }
  std::uint64_t cookie() const { return transfer_.udp_cookie(); }

  source::host::Transfer transfer_;
  FakeTraffic traffic_;
  source::host::EventOut out_;
  source::ebpf::OwnRecords own_{traffic_, out_};
  std::vector<std::uint32_t> taken_;
};

TEST_F(OwnRecordsTest, NothingOfATransferIsHandedOnAndAllOfItIsFiltered) {
  pass(connect_record(cookie(), kOwn, at(0)));
  pass(established_record(cookie(), at(1)));
  pass(io_record(cookie(), kOwn));
  pass(peer_record(peer_key(cookie(), 53)));
  pass(owner_record(IPM_RECORD_RELEASE, cookie(), kOwn, at(2), 17));
  pass(destroyed_record(cookie(), at(3)));
  EXPECT_THAT(taken_, IsEmpty());
  EXPECT_EQ(out_.stats().filtered, 6U);
  EXPECT_EQ(out_.stats().received, 6U);
}

TEST_F(OwnRecordsTest, ItsSumsAreForgotten) {
  (void)traffic_.moved(cookie(), kOwn, 512, 512, kernel_tuple(40'000, 40'000, 17, 2), {}, 1);
  pass(io_record(cookie(), kOwn));
  ipm_io value;
  EXPECT_FALSE(traffic_.read(io_record(cookie(), kOwn).key, value));
}

TEST_F(OwnRecordsTest, TheProcessIsNamedWhenItDoesSomethingOfItsOwn) {
  pass(process_record(kOwn, at(0)));
  pass(connect_record(cookie(), kOwn, at(0)));
  pass(io_record(7, kOther));
  EXPECT_THAT(taken_, ElementsAre(IPM_RECORD_IO));
  pass(connect_record(8, kOwn, at(1)));
  pass(io_record(8, kOwn));
  EXPECT_THAT(taken_, ElementsAre(IPM_RECORD_IO, IPM_RECORD_PROCESS, IPM_RECORD_SOCKET, IPM_RECORD_IO));
}

TEST_F(OwnRecordsTest, OtherProcessesAreNamedAtOnce) {
  pass(process_record(kOther, at(0)));
  EXPECT_THAT(taken_, ElementsAre(IPM_RECORD_PROCESS));
}

TEST_F(OwnRecordsTest, WithoutAPidNothingWaits) {
  own_.set_pid(0);
  pass(process_record(kOwn, at(0)));
  EXPECT_THAT(taken_, ElementsAre(IPM_RECORD_PROCESS));
}

TEST_F(OwnRecordsTest, WhatIsNoRecordIsHandedOnToBeCounted) {
  auto record = io_record(cookie(), kOwn);
  record.head.bytes = 4;
  pass(record);
  EXPECT_THAT(taken_, ElementsAre(0U));
}

}  // namespace
}  // namespace ipm::test

// Exits that nobody told. Processes 101 and 202 are those of tests/data/proc.
#include "source/host/processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "ring/lane.h"
#include "support/event_words.h"
#include "support/events.h"

namespace ipm::source::host {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class ProcessesTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kLaneEvents = 64;

  ProcessesTest() { out_.bind(&writer_); }
  // One that is in no /proc.
  void tell(std::uint32_t pid) {
    ToldProcess process;
    process.key = {pid, 1};
    processes_.tell(process, test::kT0);
  }
  std::vector<std::string> told() {
    std::vector<std::string> out;
    model::Event event;
    while (lane_.pop({&event, 1}) == 1) {
      if (event.header.kind != model::EventKind::kText) out.push_back(test::words(event));
    }
    return out;
  }

  ring::Lane lane_{kLaneEvents};
  ring::Writer writer_{lane_};
  EventOut out_;
  Processes processes_{IPM_TEST_DATA "/proc", out_};
};

TEST_F(ProcessesTest, OneThatIsGoneIsFoundAndSaidBeforeItIsTold) {
  (void)processes_.ensure(101, test::kT0);
  tell(9'001);
  (void)told();
  std::vector<std::uint32_t> gone;
  EXPECT_TRUE(processes_.find_exits(test::kT0, 0, [&](std::uint32_t pid) {
    EXPECT_THAT(told(), IsEmpty());
    gone.push_back(pid);
  }));
  EXPECT_THAT(gone, ElementsAre(9'001));
  EXPECT_THAT(told(), ElementsAre("exit 9001 0"));
}

TEST_F(ProcessesTest, WhatFindsNoRoomIsFoundTheNextTime) {
  for (std::uint32_t pid = 9'001; pid <= 9'020; ++pid) {
    tell(pid);
    (void)told();
  }
  std::vector<std::string> exits;
  int turns = 0;
  for (; !processes_.find_exits(test::kT0, kLaneEvents - 4); ++turns) {
    for (std::string& word : told()) exits.push_back(std::move(word));
  }
  for (std::string& word : told()) exits.push_back(std::move(word));
  EXPECT_EQ(turns, 3);
  EXPECT_EQ(exits.size(), 20U);
}

}  // namespace
}  // namespace ipm::source::host

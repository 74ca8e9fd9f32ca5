// An alert knows nothing of what comes after it: a run that breaks off has raised what the whole run raised until then.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/alert_run.h"
#include "support/estate.h"

namespace ipm::alert {
namespace {

using namespace ipm::test;  // NOLINT: the script is the language of these tests.

std::vector<Raised> until(const std::vector<Raised>& changes, TimeNs time) {
  std::vector<Raised> out;
  for (const Raised& each : changes) {
    if (each.time_ns <= time) out.push_back(each);
  }
  return out;
}

class CausalityTest : public ::testing::TestWithParam<HostKind> {};

// As bench/detect/score_behaviour.py --causal does with its hosts: cut in the middle of the days with attacks.
TEST_P(CausalityTest, WhatIsRaisedDoesNotDependOnWhatComesAfterIt) {
  Estate host = make_estate(GetParam(), 5, {.train_days = 2, .test_days = 2});
  const std::vector<model::Event>& events = host.script.events();
  const TimeNs cut = events.front().header.time_ns + host.train_end + (host.end - host.train_end) / 2;
  const auto behind =
      std::find_if(events.begin(), events.end(), [&](const model::Event& event) { return event.header.time_ns > cut; });
  AlertRun whole, part;
  whole.feed(events);
  part.feed({events.begin(), behind});
  const std::vector<Raised> expected = until(whole.changes(), cut - 10 * kMinute);
  const std::vector<Raised> raised = until(part.changes(), cut - 10 * kMinute);
  ASSERT_GT(expected.size(), 4U);
  EXPECT_GT(whole.changes().size(), expected.size()) << "something happened after the cut";
  ASSERT_EQ(raised.size(), expected.size());
  for (std::size_t i = 0; i < raised.size(); ++i) {
    EXPECT_EQ(raised[i].time_ns, expected[i].time_ns) << expected[i].evidence;
    EXPECT_EQ(raised[i].id, expected[i].id);
    EXPECT_EQ(raised[i].change, expected[i].change);
    EXPECT_EQ(raised[i].kind, expected[i].kind);
    EXPECT_EQ(raised[i].score, expected[i].score);
    EXPECT_EQ(raised[i].notified, expected[i].notified);
    EXPECT_EQ(raised[i].evidence, expected[i].evidence);
  }
}

INSTANTIATE_TEST_SUITE_P(Hosts, CausalityTest,
                         ::testing::Values(HostKind::kWorkstation, HostKind::kAppServer, HostKind::kResolver),
                         [](const auto& each) { return std::string(name_of(each.param)); });

}  // namespace
}  // namespace ipm::alert

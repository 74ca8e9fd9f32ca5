// What `auto:` does with the parameters of its candidates.
#include "source/registry.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ipm::source {
namespace {

Result<std::vector<Candidate>> candidates_of(const std::string& uri) {
  SourceOptions options;
  options.uri = *parse_source_uri(uri);
  return automatic_candidates(options);
}

bool gets(const std::vector<Candidate>& candidates, std::string_view scheme, const std::string& parameter) {
  const auto found =
      std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& each) { return each.scheme == scheme; });
  return found != candidates.end() && found->options.uri.parameters.contains(parameter);
}

TEST(AutomaticCandidatesTest, AParameterGoesToThoseThatKnowIt) {
  const Result<std::vector<Candidate>> candidates = candidates_of("auto:?interval=250ms&rcvbuf=1M");
  ASSERT_TRUE(candidates.ok()) << candidates.status().message();
  EXPECT_TRUE(gets(*candidates, "sock_diag", "interval"));
  EXPECT_TRUE(gets(*candidates, "sock_diag", "rcvbuf"));
  EXPECT_FALSE(gets(*candidates, "ebpf", "rcvbuf"));
}

TEST(AutomaticCandidatesTest, OneThatNoneKnowsIsAMistakeWithTheNearestWord) {
  EXPECT_EQ(candidates_of("auto:?rcvbuff=1M").status().message(),
            "no source that it may take has a parameter \"rcvbuff\"; did you mean \"rcvbuf\"?");
}

TEST(AutomaticCandidatesTest, OneThatIsLikeNoneIsAMistakeWithAllThatThereAre) {
  const std::string message(candidates_of("auto:?colour=red").status().message());
  EXPECT_TRUE(message.starts_with("no source that it may take has a parameter \"colour\"; there are ")) << message;
  EXPECT_NE(message.find("interval, netns, proc, rcvbuf"), std::string::npos) << message;
}

TEST(AutomaticCandidatesTest, AValueThatOnlyTheLastWouldRefuseIsAMistake) {
  EXPECT_EQ(candidates_of("auto:?netns=some").status().message(), "sock_diag: netns=some: write all or self");
}

TEST(AutomaticCandidatesTest, NoneTakesAPath) {
  EXPECT_EQ(candidates_of("auto:eth0").status().code(), Code::kInvalidArgument);
}

#ifdef IPM_WITH_EBPF
TEST(AutomaticCandidatesTest, WhatOnlyEbpfKnowsIsNoMistakeAndItsValuesAreChecked) {
  const Result<std::vector<Candidate>> candidates = candidates_of("auto:?without=names&cpu_max=2%");
  ASSERT_TRUE(candidates.ok()) << candidates.status().message();
  EXPECT_TRUE(gets(*candidates, "ebpf", "without"));
  EXPECT_FALSE(gets(*candidates, "sock_diag", "without"));
  EXPECT_FALSE(candidates_of("auto:?cpu_max=200%").ok());
}
#endif

}  // namespace
}  // namespace ipm::source

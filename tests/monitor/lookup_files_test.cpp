// Files that are looked up in, while they are replaced, spoilt and grow old. Every look has its time from the test.
#include "monitor/lookup_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "enrich/indicator.h"
#include "support/scratch_file.h"

namespace ipm::monitor {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Written : test::ScratchFile {
  explicit Written(std::string_view content, std::string_view suffix = ".txt") : ScratchFile(suffix) { write(content); }
};

class LookupFilesTest : public ::testing::Test {
 protected:
  void open(const std::vector<std::string>& paths) {
    LookupOptions options;
    for (const std::string& path : paths) options.feeds.push_back({.path = path});
    auto opened = LookupFiles::open(options);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    files_ = std::move(*opened);
  }
  // A look that is due.
  bool look(TimeNs realtime_ns = kNow) { return files_->refresh(now_ += 10 * kSecond, realtime_ns); }
  bool lists(std::string_view address) const {
    return files_->lookups().intel->index.find(*model::IpAddress::parse(address)).has_value();
  }

  static constexpr TimeNs kNow = 1'790'000'000 * kSecond;
  TimeNs now_ = 0;
  std::unique_ptr<LookupFiles> files_;
};

TEST_F(LookupFilesTest, OneFileThatCannotBeReadHoldsUpNoOther) {
  const Written gone("192.0.2.7\n"), spoilt("192.0.2.17\n"), good("192.0.2.27\n");
  open({gone.path(), spoilt.path(), good.path()});
  std::filesystem::remove(gone.path());
  spoilt.write(std::string_view("\0", 1));
  good.write("192.0.2.28\n");
  EXPECT_TRUE(look());
  EXPECT_TRUE(lists("192.0.2.7"));
  EXPECT_TRUE(lists("192.0.2.17"));
  EXPECT_TRUE(lists("192.0.2.28"));
  EXPECT_FALSE(lists("192.0.2.27"));
  EXPECT_EQ(files_->reloads(), 1U);
  EXPECT_EQ(files_->reloads_failed(), 2U);
  EXPECT_THAT(files_->problems(), HasSubstr("open " + gone.path()));
  EXPECT_THAT(files_->problems(), HasSubstr("load feed " + spoilt.path()));
  EXPECT_THAT(files_->problems(), HasSubstr("what was read before stays in use"));
  EXPECT_THAT(files_->problems(), Not(HasSubstr(good.path())));

  EXPECT_FALSE(look());  // Nothing has changed.
  spoilt.write("192.0.2.18\n");
  EXPECT_TRUE(look());
  EXPECT_TRUE(lists("192.0.2.18"));
  EXPECT_FALSE(lists("192.0.2.17"));
  EXPECT_TRUE(lists("192.0.2.7"));
  EXPECT_THAT(files_->problems(), HasSubstr(gone.path()));
  EXPECT_THAT(files_->problems(), Not(HasSubstr(spoilt.path())));
}

#ifdef IPM_WITH_SIMDJSON
std::string valid_until(std::string_view address, std::string_view until) {
  return R"({"type":"indicator","pattern_type":"stix","pattern":"[ipv4-addr:value=')" + std::string(address) +
         R"(']","valid_until":")" + std::string(until) + "\"}";
}

TEST_F(LookupFilesTest, WhatExpiresLeavesWithTheNextLookThoughNoFileHasChanged) {
  const Written list("[" + valid_until("192.0.2.7", "2090-01-01T15:00:00Z") + "," +
                         valid_until("192.0.2.8", "2090-01-01T15:00:30Z") + "," +
                         valid_until("192.0.2.9", "2090-01-02T00:00:00Z") + "]",
                     ".json");
  open({list.path()});
  constexpr TimeNs kThree = 3'786'966'000 * kSecond;  // 15:00 of that day.
  EXPECT_FALSE(look(kThree - 1));
  EXPECT_TRUE(look(kThree));
  EXPECT_FALSE(lists("192.0.2.7"));
  EXPECT_TRUE(lists("192.0.2.8"));
  EXPECT_FALSE(look(kThree + 30 * kSecond));  // At most once a minute …
  for (int looks = 0; looks < 5; ++looks) look(kThree + 60 * kSecond);
  EXPECT_FALSE(lists("192.0.2.8"));  // … and then all that is due.
  EXPECT_TRUE(lists("192.0.2.9"));
  EXPECT_EQ(files_->reloads(), 0U);
}
#endif

}  // namespace
}  // namespace ipm::monitor

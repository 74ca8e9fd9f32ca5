// The lists of one monitor: feeds from files, in one index.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "enrich/feed_file.h"
#include "enrich/intel_index.h"

namespace ipm::enrich {

inline constexpr std::size_t kFeedsMax = 256;
inline constexpr std::uint32_t kIndicatorsMaxDefault = 1'000'000;

// "FILE", or "FORMAT:FILE" with the name of a format.
struct FeedPath {
  FeedFormat format = FeedFormat::kDetect;
  std::string path;
};
FeedPath parse_feed_path(std::string_view text);

struct Feed {
  std::string name;  // Of the file, without folder and ending: what alerts say.
  FeedPath from;
  FileStamp stamp;
  FeedReport report;
  std::string failure;  // Why the file could not be read again: what it held before is in use. Empty: it could.
};

// One line for people about what of a feed was not taken; empty if all was.
std::string shortcomings(const Feed& feed);

struct Intel {
  std::vector<Feed> feeds;  // Hit::feed is an index here.
  IntelIndex index;
  std::uint64_t files_read = 0;  // For this one, and
  std::uint64_t files_failed = 0;
};

// Reads all of them. An error names the file; nothing is half loaded. `stop`, if given, ends it soon when it is set.
Result<std::shared_ptr<const Intel>> load_intel(const std::vector<FeedPath>& feeds, std::size_t indicators_max,
                                                std::uint64_t seed, std::int64_t now_s,
                                                const std::atomic<bool>* stop = nullptr);

// The same lists as they are now: files marked in `changed` are read again, the others are taken over. So is what a
// file held that cannot be read any more; the rest does not wait for it. What has expired by now is left out. An error:
// it was stopped.
Result<std::shared_ptr<const Intel>> reload_intel(const Intel& before, const std::vector<bool>& changed,
                                                  std::size_t indicators_max, std::uint64_t seed, std::int64_t now_s,
                                                  const std::atomic<bool>* stop = nullptr);

}  // namespace ipm::enrich

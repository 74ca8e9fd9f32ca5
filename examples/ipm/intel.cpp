// What lists of threat intelligence hold, and if something is on them.
#include <memory>
#include <string>
#include <vector>

#include <ipm/ipm.hpp>

#include "commands.h"
#include "output.h"
#include "text.h"

namespace cli {
namespace {

using Intel = std::unique_ptr<ipm_intel, decltype(&ipm_intel_close)>;

Intel open_feeds(const std::vector<std::string>& feeds) {
  std::vector<const char*> paths;
  paths.reserve(feeds.size());
  for (const std::string& feed : feeds) paths.push_back(feed.c_str());
  ipm_intel* intel = nullptr;
  ipm::check(ipm_intel_open(&intel, paths.data(), static_cast<std::uint32_t>(paths.size()), 10'000'000));
  return {intel, &ipm_intel_close};
}

std::string left_out(std::uint64_t count, std::uint64_t first, const char* reason, bool by_object) {
  if (count == 0) return {};
  return (by_object ? "object " : "line ") + std::to_string(first) + ": " + reason;
}

}  // namespace

int run_intel_check(const Options& options) {
  const std::vector<std::string> columns = {
      "feed",      "format",          "records",     "addresses",         "networks", "domains", "ja4",
      "malformed", "first_malformed", "unsupported", "first_unsupported", "expired",  "ignored", "beyond"};
  std::vector<std::vector<std::string>> rows;
  const Intel intel = open_feeds(options.feeds);
  ipm_intel_feed feed{};
  feed.struct_size = sizeof feed;
  for (std::uint32_t i = 0; ipm::check(ipm_intel_feed_at(intel.get(), i, &feed)) == IPM_OK; ++i) {
    const bool by_object = feed.by_object != 0;
    rows.push_back({feed.name, feed.format, std::to_string(feed.records), std::to_string(feed.addresses),
                    std::to_string(feed.networks), std::to_string(feed.domains), std::to_string(feed.fingerprints),
                    std::to_string(feed.malformed),
                    left_out(feed.malformed, feed.malformed_first, feed.malformed_reason, by_object),
                    std::to_string(feed.unsupported),
                    left_out(feed.unsupported, feed.unsupported_first, feed.unsupported_reason, by_object),
                    std::to_string(feed.expired), std::to_string(feed.ignored), std::to_string(feed.beyond)});
  }
  put(format_texts(columns, rows, options.format));
  return 0;
}

int run_intel_match(const Options& options) {
  const Intel intel = open_feeds(options.feeds);
  ipm_intel_match_info found{};
  found.struct_size = sizeof found;
  std::vector<std::vector<std::string>> rows;
  if (ipm::check(ipm_intel_match(intel.get(), options.subject.c_str(), &found)) == IPM_OK) {
    rows.push_back({found.feed, found.type, found.indicator, found.description, human_time(found.listed_unix_ns),
                    found.of_url != 0 ? "true" : "false"});
  }
  put(format_texts({"feed", "type", "indicator", "description", "listed", "of_url"}, rows, options.format));
  return rows.empty() ? 3 : 0;
}

}  // namespace cli

// Feeds as text, and what became of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "enrich/feed.h"
#include "enrich/intel_index.h"
#include "support/scratch_file.h"

namespace ipm::test {

struct WrittenFile : ScratchFile {
  explicit WrittenFile(std::string_view content, std::string_view suffix = ".txt") : ScratchFile(suffix) {
    write(content);
  }
};

inline constexpr std::int64_t kNowS = 1'790'000'000;  // In 2026.

// "address 192.0.2.7", "network 192.0.2.0/24", …
struct Taken final : enrich::IndicatorSink {
  bool take(const enrich::Indicator& indicator) override {
    if (names.size() == room) return false;
    const enrich::Hit hit{
        .type = indicator.type, .name = indicator.name, .address = indicator.address, .prefix = indicator.prefix};
    names.push_back(std::string(enrich::indicator_type_name(indicator.type)) + " " + hit.indicator());
    indicators.push_back(indicator);
    return true;
  }
  std::size_t room = 1'000'000;
  std::vector<std::string> names;
  std::vector<enrich::Indicator> indicators;
};

struct Read {
  Status status;
  enrich::FeedReport report;
  Taken taken;
};

inline Read read(std::string_view text, enrich::FeedFormat format = enrich::FeedFormat::kDetect,
                 std::size_t room = 1'000'000) {
  Read out;
  out.taken.room = room;
  out.status = enrich::read_feed(enrich::read_from(text), format, kNowS, out.taken, out.report);
  return out;
}

inline enrich::IntelIndex index_of(std::initializer_list<std::string_view> indicators) {
  enrich::IntelBuilder builder(1'000'000, 7);
  builder.begin_feed(kNowS);
  for (const std::string_view each : indicators) builder.take(*enrich::read_indicator(each).indicator);
  return builder.finish();
}

}  // namespace ipm::test

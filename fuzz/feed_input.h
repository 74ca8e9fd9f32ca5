// What the fuzz targets of feeds share: a reader into an index, and what must hold of its report.
#pragma once

#include <cstdlib>
#include <string_view>

#include "enrich/feed.h"
#include "enrich/intel_index.h"

namespace ipm::fuzz {

inline void read_into_index(std::string_view text, enrich::FeedFormat format) {
  enrich::IntelBuilder builder(1'000, 7);
  builder.begin_feed(1);
  enrich::FeedReport report;
  const Status status = enrich::read_feed(enrich::read_from(text), format, 1'790'000'000, builder, report);
  const enrich::IntelIndex index = builder.finish();
  if (index.indicators() + index.duplicates() != report.indicators()) std::abort();  // Taken is what is there.
  if (status.ok() && report.indicators() > 1'000) std::abort();
  (void)index.find_domain(text.substr(0, 300));
  (void)index.find(*model::IpAddress::parse("192.0.2.7"));
  (void)index.find(*model::IpAddress::parse("2001:db8::7"));
}

}  // namespace ipm::fuzz

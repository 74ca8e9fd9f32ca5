#include <ipm/intel.h>

#include "enrich/intel.h"
#include "guard.h"
#include "os/linux/host_clock.h"

using ipm::Status;
using ipm::capi::guard;

struct ipm_intel {
  std::shared_ptr<const ipm::enrich::Intel> impl;
  std::string indicator, description;  // What ipm_intel_match() lends out.
};

namespace {

ipm::Result<std::optional<ipm::enrich::Hit>> look_up(const ipm::enrich::IntelIndex& index, std::string_view subject) {
  using ipm::enrich::IndicatorType;
  const ipm::enrich::Reading reading = ipm::enrich::read_indicator(subject);
  if (!reading.indicator) {
    return Status::invalid_argument("look up " + std::string(subject.substr(0, 200)) + ": " +
                                    std::string(reading.reason));
  }
  switch (reading.indicator->type) {
    case IndicatorType::kAddress:
      return index.find(reading.indicator->address);
    case IndicatorType::kDomain:
      return index.find_domain(reading.indicator->name);
    case IndicatorType::kJa4:
      return index.find_ja4(reading.indicator->name);
    case IndicatorType::kNetwork:
      break;
  }
  return Status::invalid_argument("look up " + std::string(subject.substr(0, 200)) +
                                  ": a network; look up an address of it");
}

}  // namespace

extern "C" {

ipm_status ipm_intel_open(ipm_intel** out, const char* const* feeds, uint32_t count, uint32_t indicators_max) {
  return guard([&]() -> Status {
    if (out == nullptr) return Status::invalid_argument("out is NULL");
    *out = nullptr;
    if (feeds == nullptr && count != 0) return Status::invalid_argument("feeds is NULL");
    std::vector<ipm::enrich::FeedPath> paths;
    for (uint32_t i = 0; i < count; ++i) {
      if (feeds[i] == nullptr) return Status::invalid_argument("a feed is NULL");
      paths.push_back(ipm::enrich::parse_feed_path(feeds[i]));
    }
    const std::size_t max = indicators_max == 0 ? ipm::enrich::kIndicatorsMaxDefault : indicators_max;
    auto intel = ipm::enrich::load_intel(paths, max, ipm::os::random_u64(), ipm::os::realtime_ns() / ipm::kSecond);
    if (!intel.ok()) return intel.status();
    *out = new ipm_intel{.impl = std::move(*intel), .indicator = {}, .description = {}};
    return Status::success();
  });
}

void ipm_intel_close(ipm_intel* intel) {
  delete intel;
}

ipm_status ipm_intel_feed_at(const ipm_intel* intel, uint32_t index, ipm_intel_feed* out) {
  return guard([&]() -> Status {
    if (intel == nullptr) return Status::invalid_argument("intel is NULL");
    if (index >= intel->impl->feeds.size()) return Status::end();
    const ipm::enrich::Feed& feed = intel->impl->feeds[index];
    const ipm::enrich::FeedReport& report = feed.report;
    ipm_intel_feed value{};
    value.by_object = report.by_object() ? 1 : 0;
    value.name = feed.name.c_str();
    value.path = feed.from.path.c_str();
    value.format = ipm::enrich::feed_format_name(report.format).data();
    value.records = report.records;
    value.addresses = report.taken[0];
    value.networks = report.taken[1];
    value.domains = report.taken[2];
    value.fingerprints = report.taken[3];
    value.malformed = report.malformed.count;
    value.malformed_first = report.malformed.first;
    value.malformed_reason = report.malformed.reason.c_str();
    value.unsupported = report.unsupported.count;
    value.unsupported_first = report.unsupported.first;
    value.unsupported_reason = report.unsupported.reason.c_str();
    value.expired = report.expired;
    value.ignored = report.ignored;
    value.beyond = report.beyond;
    return ipm::capi::write_struct(value, out, "out");
  });
}

ipm_status ipm_intel_match(ipm_intel* intel, const char* subject, ipm_intel_match_info* out) {
  return guard([&]() -> Status {
    if (intel == nullptr) return Status::invalid_argument("intel is NULL");
    if (subject == nullptr) return Status::invalid_argument("subject is NULL");
    const auto found = look_up(intel->impl->index, subject);
    if (!found.ok()) return found.status();
    if (!*found) return Status(ipm::Code::kNull);
    const ipm::enrich::Hit& hit = **found;
    intel->indicator = hit.indicator();
    intel->description = hit.description;
    ipm_intel_match_info value{};
    value.of_url = hit.of_url ? 1 : 0;
    value.type = ipm::enrich::indicator_type_name(hit.type).data();
    value.indicator = intel->indicator.c_str();
    value.feed = intel->impl->feeds[hit.feed].name.c_str();
    value.description = intel->description.c_str();
    value.listed_unix_ns = hit.listed_s * ipm::kSecond;
    return ipm::capi::write_struct(value, out, "out");
  });
}

}  // extern "C"

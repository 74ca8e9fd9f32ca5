#include "monitor/lookup_files.h"

#include <algorithm>
#include <system_error>

#include "monitor/signals_blocked.h"
#include "os/linux/host_clock.h"

namespace ipm::monitor {

LookupFiles::LookupFiles(const LookupOptions& options) : options_(options) {}

Result<std::unique_ptr<LookupFiles>> LookupFiles::open(const LookupOptions& options) {
  std::unique_ptr<LookupFiles> files(new LookupFiles(options));
  for (std::size_t part = 0; part < kParts; ++part) files->tried_[part] = files->stamps(static_cast<Part>(part));
  const Wanted all{.parts = {true, true, true}, .feeds = {}, .realtime_ns = os::realtime_ns()};
  Loaded loaded = files->load(all, nullptr);
  for (const Status& failure : loaded.failures) {
    if (failure.is_error()) return failure;
  }
  files->lookups_ = std::move(loaded.lookups);
  return files;
}

LookupFiles::~LookupFiles() {
  stopping_.store(true, std::memory_order_relaxed);
  if (thread_.joinable()) thread_.join();
}

void LookupFiles::abandon() {
  if (thread_.joinable()) thread_.detach();
}

LookupFiles::Stamps LookupFiles::stamps(Part part) const {
  Stamps out;
  if (part == kIntel) {
    for (const enrich::FeedPath& feed : options_.feeds) out.push_back(enrich::stamp_of(feed.path));
  } else if (const std::string& path = part == kCountry ? options_.country : options_.asn; !path.empty()) {
    out.push_back(enrich::stamp_of(path));
  }
  return out;
}

LookupFiles::Loaded LookupFiles::load(const Wanted& wanted, const std::shared_ptr<const enrich::Intel>& before) const {
  Loaded out;
  const auto keep = [&](auto&& result, auto& place, Part part) {
    if (result.ok()) {
      place = std::move(*result);
    } else {
      out.failures[part] = result.status();
    }
  };
  if (wanted.parts[kIntel] && !options_.feeds.empty()) {
    const std::uint64_t seed = os::random_u64();
    const std::int64_t now_s = wanted.realtime_ns / kSecond;
    keep(before ? enrich::reload_intel(*before, wanted.feeds, options_.indicators_max, seed, now_s, &stopping_)
                : enrich::load_intel(options_.feeds, options_.indicators_max, seed, now_s, &stopping_),
         out.lookups.intel, kIntel);
  }
  if (wanted.parts[kCountry] && !options_.country.empty()) {
    keep(enrich::GeoDatabase::open(options_.country), out.lookups.country, kCountry);
  }
  if (wanted.parts[kAsn] && !options_.asn.empty()) {
    keep(enrich::GeoDatabase::open(options_.asn), out.lookups.asn, kAsn);
  }
  return out;
}

LookupFiles::Wanted LookupFiles::wanted(TimeNs monotonic_ns, TimeNs realtime_ns) {
  Wanted out;
  out.realtime_ns = realtime_ns;
  for (std::size_t part = 0; part < kParts; ++part) {
    Stamps now = stamps(static_cast<Part>(part));
    out.parts[part] = now != tried_[part];
    if (part == kIntel) {
      for (std::size_t i = 0; i < now.size(); ++i) out.feeds.push_back(now[i] != tried_[part][i]);
    }
    tried_[part] = std::move(now);
  }
  const bool expired = lookups_.intel && lookups_.intel->index.next_expiry_s() <= realtime_ns / kSecond &&
                       (expired_ns_ == 0 || monotonic_ns - expired_ns_ >= kExpireEveryNs);
  if (expired) {
    expired_ns_ = monotonic_ns;
    out.parts[kIntel] = true;
  }
  return out;
}

bool LookupFiles::refresh(TimeNs monotonic_ns, TimeNs realtime_ns) {
  bool changed = false;
  if (thread_.joinable() && ready_.load(std::memory_order_acquire)) {
    thread_.join();
    ready_.store(false, std::memory_order_relaxed);
    changed = take(std::move(ready_loaded_), reading_);
  }
  if (thread_.joinable() || (looked_ns_ != 0 && monotonic_ns - looked_ns_ < options_.look_every_ns)) return changed;
  looked_ns_ = monotonic_ns;
  reading_ = wanted(monotonic_ns, realtime_ns);
  if (!reading_.any()) return changed;
  if (!options_.own_thread) return take(load(reading_, lookups_.intel), reading_) || changed;
  try {
    const SignalsBlocked blocked;
    thread_ = std::thread([this, before = lookups_.intel] {
      ready_loaded_ = load(reading_, before);
      ready_.store(true, std::memory_order_release);
    });
  } catch (const std::system_error&) {  // No thread to be had: read here.
    return take(load(reading_, lookups_.intel), reading_) || changed;
  }
  return changed;
}

bool LookupFiles::take(Loaded&& loaded, const Wanted& wanted) {
  bool changed = false;
  for (std::size_t part = 0; part < kParts; ++part) {
    if (!wanted.parts[part]) continue;
    const Status& failure = loaded.failures[part];
    failures_[part] = failure.is_error() ? std::string(failure.message()) + "; what was read before stays in use" : "";
    if (part != kIntel) ++(failure.is_error() ? reloads_failed_ : reloads_);
    if (failure.is_error()) continue;
    changed = true;
    if (part == kIntel) {
      lookups_.intel = std::move(loaded.lookups.intel);
      reloads_ += lookups_.intel->files_read;
      reloads_failed_ += lookups_.intel->files_failed;
    }
    if (part == kCountry) lookups_.country = std::move(loaded.lookups.country);
    if (part == kAsn) lookups_.asn = std::move(loaded.lookups.asn);
  }
  return changed;
}

std::string LookupFiles::problems() const {
  std::string out;
  const auto add = [&](const std::string& line) {
    if (!line.empty()) out += (out.empty() ? "" : "\n") + line;
  };
  for (const std::string& failure : failures_) add(failure);
  if (!lookups_.intel) return out;
  for (const enrich::Feed& feed : lookups_.intel->feeds) {
    if (!feed.failure.empty()) add(feed.failure + "; what was read before stays in use");
    add(enrich::shortcomings(feed));
  }
  if (const std::size_t left_out = lookups_.intel->index.descriptions_left_out(); left_out != 0) {
    add("descriptions of " + std::to_string(left_out) + " indicators found no room");
  }
  return out;
}

std::string LookupFiles::names() const {
  std::string out;
  const auto add = [&](const std::string& path) {
    if (!path.empty()) out += (out.empty() ? "" : ",") + path;
  };
  for (const enrich::FeedPath& feed : options_.feeds) add(feed.path);
  add(options_.country);
  if (options_.asn != options_.country) add(options_.asn);
  return out;
}

}  // namespace ipm::monitor

// The files that remote ends are looked up in: feeds of threat intelligence and GeoIP databases. What is in use never
// changes; a file that was replaced is read again beside it, and takes its place when it is whole. Indicators that
// expire leave the same way.
//
// Threads: the stepping thread. With `own_thread` files are read again on a thread of their own, which ends with this.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "enrich/geo.h"
#include "enrich/intel.h"

namespace ipm::monitor {

struct LookupOptions {
  std::vector<enrich::FeedPath> feeds;
  std::uint32_t indicators_max = enrich::kIndicatorsMaxDefault;
  std::string country;  // Databases; empty: none.
  std::string asn;
  TimeNs look_every_ns = 10 * kSecond;
  bool own_thread = false;
  bool any() const { return !feeds.empty() || !country.empty() || !asn.empty(); }
};

// What is in use. Null: none is asked for.
struct Lookups {
  std::shared_ptr<const enrich::Intel> intel;
  std::shared_ptr<const enrich::GeoDatabase> country;
  std::shared_ptr<const enrich::GeoDatabase> asn;
};

class LookupFiles {
 public:
  // Reads all of them; an error names the file.
  static Result<std::unique_ptr<LookupFiles>> open(const LookupOptions& options);
  ~LookupFiles();
  LookupFiles(const LookupFiles&) = delete;
  LookupFiles& operator=(const LookupFiles&) = delete;

  const Lookups& lookups() const { return lookups_; }
  // Looks for files that have changed and for indicators that have expired, at most every look_every_ns. True: what is
  // in use has changed.
  bool refresh(TimeNs monotonic_ns, TimeNs realtime_ns);
  void abandon();  // In a forked child: the thread is the parent's.

  // What could not be read again, and of feeds what was not taken: one line each.
  std::string problems() const;
  std::string names() const;  // Of the files, joined by commas.
  std::uint64_t reloads() const { return reloads_; }
  std::uint64_t reloads_failed() const { return reloads_failed_; }

 private:
  // Making the index anew costs a part of a second for a million indicators, whatever their number that expired.
  static constexpr TimeNs kExpireEveryNs = kMinute;

  enum Part : std::size_t { kIntel, kCountry, kAsn, kParts };
  // What is to be read.
  struct Wanted {
    bool parts[kParts] = {};
    std::vector<bool> feeds;  // Of kIntel: those that have changed.
    TimeNs realtime_ns = 0;
    bool any() const { return parts[kIntel] || parts[kCountry] || parts[kAsn]; }
  };
  struct Loaded {
    Lookups lookups;
    Status failures[kParts];
  };
  using Stamps = std::vector<enrich::FileStamp>;

  explicit LookupFiles(const LookupOptions& options);
  Stamps stamps(Part part) const;
  Wanted wanted(TimeNs monotonic_ns, TimeNs realtime_ns);
  Loaded load(const Wanted& wanted, const std::shared_ptr<const enrich::Intel>& before) const;
  bool take(Loaded&& loaded, const Wanted& wanted);

  const LookupOptions options_;
  Lookups lookups_;
  Stamps tried_[kParts];  // Of what was read last, whether that worked or not.
  std::string failures_[kParts];
  TimeNs looked_ns_ = 0;
  TimeNs expired_ns_ = 0;  // When the index was last made anew for those that had expired.
  std::uint64_t reloads_ = 0;
  std::uint64_t reloads_failed_ = 0;
  std::thread thread_;
  Wanted reading_;  // By the thread.
  std::atomic<bool> stopping_{false};
  std::atomic<bool> ready_{false};  // Pairs with the load that finds it set: ready_loaded_ is written before.
  Loaded ready_loaded_;
};

}  // namespace ipm::monitor

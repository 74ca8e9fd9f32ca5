// Country and autonomous system of an address, from databases in MaxMind's format (libmaxminddb). Both layouts that are
// in use are understood: nested as in GeoLite2 (country.iso_code, autonomous_system_number) and flat as in those of
// IPinfo or DB-IP (country_code or country, asn as "AS64496" or 64496).
//
// A database is copied into memory of its own, since a file that is cut short while it is mapped would end the process.
// Bound: kDatabaseBytesMax each. Threads: any number of readers.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "enrich/feed_file.h"
#include "model/ip_address.h"

namespace ipm::enrich {

inline constexpr std::size_t kDatabaseBytesMax = std::size_t{512} << 20;

struct Geo {
  char country[2] = {};   // ISO 3166-1 alpha-2; zero: not known.
  std::uint32_t asn = 0;  // 0: not known.
  std::string as_name;    // Of the system; may be empty.
  bool known() const { return country[0] != '\0' || asn != 0; }
};

class GeoDatabase {
 public:
  // Corrupt: it is none, or damaged where that shows. Unsupported where built without libmaxminddb.
  static Result<std::shared_ptr<const GeoDatabase>> open(const std::string& path);
  GeoDatabase(const GeoDatabase&) = delete;
  GeoDatabase& operator=(const GeoDatabase&) = delete;
  ~GeoDatabase();

  // Fills in what is not known yet. An error is of a damaged database; an address that it does not hold is none.
  Status look_up(const model::IpAddress& address, Geo& out) const;
  const FileStamp& stamp() const { return stamp_; }
  std::string_view type() const;  // "GeoLite2-ASN", as it calls itself.

 private:
  struct Database;
  explicit GeoDatabase(const FileStamp& stamp);
  FileStamp stamp_;
  std::unique_ptr<Database> database_;
};

}  // namespace ipm::enrich

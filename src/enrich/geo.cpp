#include "enrich/geo.h"

#ifdef IPM_WITH_MAXMINDDB
#include <arpa/inet.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <vector>
#endif

namespace ipm::enrich {

#ifdef IPM_WITH_MAXMINDDB

struct GeoDatabase::Database {
  MMDB_s handle = {};
  bool open = false;
  ~Database() {
    if (open) MMDB_close(&handle);
  }
};

namespace {

// libmaxminddb opens a path and maps what is there.
class PrivateCopy {
 public:
  PrivateCopy() : fd_(::memfd_create("ipm-geo", MFD_CLOEXEC)) {}
  ~PrivateCopy() {
    if (fd_ >= 0) ::close(fd_);
  }
  PrivateCopy(const PrivateCopy&) = delete;
  PrivateCopy& operator=(const PrivateCopy&) = delete;

  Status fill(const FeedFile& file) const {
    if (fd_ < 0) return Status::from_errno("memfd_create", errno);
    std::vector<char> block(256 * 1024);
    for (std::size_t total = 0;;) {
      Result<std::size_t> got = file.read(block);
      if (!got.ok()) return got.status();
      if (*got == 0) return Status::success();
      total += *got;
      if (total > kDatabaseBytesMax) return Status::limit("larger than 512 MiB");
      for (std::size_t done = 0; done < *got;) {
        const ssize_t written = ::write(fd_, block.data() + done, *got - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return Status::from_errno("copy into memory", errno);
        done += static_cast<std::size_t>(written);
      }
    }
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  const int fd_;
};

using Path = const char* const*;

bool get(MMDB_entry_s entry, Path path, MMDB_entry_data_s& out) {
  return MMDB_aget_value(&entry, &out, path) == MMDB_SUCCESS && out.has_data;
}

std::string_view text_of(const MMDB_entry_data_s& data) {
  return data.type == MMDB_DATA_TYPE_UTF8_STRING ? std::string_view(data.utf8_string, data.data_size)
                                                 : std::string_view();
}

void read_country(const MMDB_entry_s& entry, Geo& out) {
  static constexpr const char* kNested[] = {"country", "iso_code", nullptr};
  static constexpr const char* kCode[] = {"country_code", nullptr};
  static constexpr const char* kFlat[] = {"country", nullptr};
  for (const Path path : {Path(kNested), Path(kCode), Path(kFlat)}) {
    MMDB_entry_data_s data;
    if (!get(entry, path, data)) continue;
    const std::string_view code = text_of(data);
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (code.size() != 2 || !upper(code[0]) || !upper(code[1])) continue;  // A name, not a code.
    std::memcpy(out.country, code.data(), 2);
    return;
  }
}

std::uint32_t number_of(const MMDB_entry_data_s& data) {
  if (data.type == MMDB_DATA_TYPE_UINT32) return data.uint32;
  if (data.type == MMDB_DATA_TYPE_UINT16) return data.uint16;
  if (data.type == MMDB_DATA_TYPE_UINT64 && data.uint64 <= 0xffff'ffff) return static_cast<std::uint32_t>(data.uint64);
  std::string_view text = text_of(data);
  if (text.starts_with("AS")) text.remove_prefix(2);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

void read_system(const MMDB_entry_s& entry, Geo& out) {
  static constexpr const char* kNumber[] = {"autonomous_system_number", nullptr};
  static constexpr const char* kFlatNumber[] = {"asn", nullptr};
  static constexpr const char* kName[] = {"autonomous_system_organization", nullptr};
  static constexpr const char* kFlatName[] = {"as_name", nullptr};
  static constexpr const char* kShortName[] = {"name", nullptr};
  MMDB_entry_data_s data;
  for (const Path path : {Path(kNumber), Path(kFlatNumber)}) {
    if (out.asn == 0 && get(entry, path, data)) out.asn = number_of(data);
  }
  if (out.asn == 0) return;
  for (const Path path : {Path(kName), Path(kFlatName), Path(kShortName)}) {
    if (out.as_name.empty() && get(entry, path, data)) out.as_name = tidy_description(text_of(data));
  }
}

}  // namespace

GeoDatabase::GeoDatabase(const FileStamp& stamp) : stamp_(stamp), database_(std::make_unique<Database>()) {}

Result<std::shared_ptr<const GeoDatabase>> GeoDatabase::open(const std::string& path) {
  const std::string attempted = "open GeoIP database " + path;
  Result<FeedFile> file = FeedFile::open(path);
  if (!file.ok()) return file.status().with_context("GeoIP database");
  const PrivateCopy copy;
  if (Status status = copy.fill(*file); !status.ok()) return status.with_context(attempted);
  std::shared_ptr<GeoDatabase> out(new GeoDatabase(file->stamp()));
  const int error = MMDB_open(copy.path().c_str(), MMDB_MODE_MMAP, &out->database_->handle);
  if (error != MMDB_SUCCESS) {
    return Status::corrupt(attempted + ": " + MMDB_strerror(error) +
                           "; it takes a database in MaxMind's format (.mmdb)");
  }
  out->database_->open = true;
  return std::shared_ptr<const GeoDatabase>(std::move(out));
}

Status GeoDatabase::look_up(const model::IpAddress& address, Geo& out) const {
  sockaddr_storage socket_address{};
  if (address.is_v4()) {
    auto& four = reinterpret_cast<sockaddr_in&>(socket_address);
    four.sin_family = AF_INET;
    std::memcpy(&four.sin_addr, address.bytes.data() + 12, 4);
  } else {
    if (database_->handle.metadata.ip_version == 4) return Status::success();  // It has no IPv6: nothing is known.
    auto& six = reinterpret_cast<sockaddr_in6&>(socket_address);
    six.sin6_family = AF_INET6;
    std::memcpy(&six.sin6_addr, address.bytes.data(), 16);
  }
  int error = MMDB_SUCCESS;
  MMDB_lookup_result_s found =
      MMDB_lookup_sockaddr(&database_->handle, reinterpret_cast<const sockaddr*>(&socket_address), &error);
  if (error != MMDB_SUCCESS) return Status::corrupt(std::string("GeoIP look-up: ") + MMDB_strerror(error));
  if (!found.found_entry) return Status::success();
  if (out.country[0] == '\0') read_country(found.entry, out);
  read_system(found.entry, out);
  return Status::success();
}

std::string_view GeoDatabase::type() const {
  const char* type = database_->handle.metadata.database_type;
  return type == nullptr ? std::string_view() : std::string_view(type);
}

#else

struct GeoDatabase::Database {};

GeoDatabase::GeoDatabase(const FileStamp& stamp) : stamp_(stamp) {}

Result<std::shared_ptr<const GeoDatabase>> GeoDatabase::open(const std::string& path) {
  return Status::unsupported("open GeoIP database " + path +
                             ": it is read with libmaxminddb, and libipm was built without it (IPM_WITH_MAXMINDDB)");
}
Status GeoDatabase::look_up(const model::IpAddress&, Geo&) const {
  return Status::success();
}
std::string_view GeoDatabase::type() const {
  return {};
}

#endif

GeoDatabase::~GeoDatabase() = default;

}  // namespace ipm::enrich

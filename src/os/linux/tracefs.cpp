#include "os/linux/tracefs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <string>

#include "os/linux/fd.h"
#include "os/linux/proc_files.h"
#include "os/linux/proc_text.h"

namespace ipm::os {
namespace {

constexpr const char* kPlaces[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};

bool is_tracefs(const char* path) {
  struct statfs info {};
  return ::statfs(path, &info) == 0 && info.f_type == TRACEFS_MAGIC;
}

Result<Fd> open_tracefs() {
  for (const char* path : kPlaces) {
    if (!is_tracefs(path)) continue;
    Fd fd(::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (fd.valid()) return fd;
  }
  // By number: the library's wrappers are younger than the calls.
  const Fd context(static_cast<int>(::syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC)));
  if (!context.valid()) return Status::from_errno("tracefs is not mounted; open it", errno);
  if (::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return Status::from_errno("tracefs is not mounted; make one", errno);
  }
  Fd mount(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  if (!mount.valid()) return Status::from_errno("tracefs is not mounted; mount it", errno);
  return mount;
}

}  // namespace

bool tracefs_mounted() {
  return std::any_of(std::begin(kPlaces), std::end(kPlaces), is_tracefs);
}

Result<std::uint64_t> tracepoint_id(std::string_view category, std::string_view name) {
  const Result<Fd> tracefs = open_tracefs();
  if (!tracefs.ok()) return tracefs.status();
  const std::string path = "events/" + std::string(category) + "/" + std::string(name) + "/id";
  const Fd file(::openat(tracefs->get(), path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return Status::from_errno("open tracefs " + path, errno);
  const Result<std::string> text = read_file_at(file.get());
  if (!text.ok()) return text.status();
  const auto id = parse_decimal(std::string_view(*text).substr(0, text->find('\n')));
  if (!id) return Status::corrupt("tracefs " + path + ": not a number");
  return *id;
}

}  // namespace ipm::os

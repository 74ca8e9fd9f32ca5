#include "privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <ipm/ipm.hpp>

namespace cli {
namespace {

[[noreturn]] void fail(ipm_status status, const std::string& what) {
  throw ipm::Error(status, "--drop-privileges: " + what);
}

void must(bool done, const char* what) {
  if (!done) fail(IPM_ERR_PERMISSION, std::string(what) + ": " + std::strerror(errno));
}

// A set of capabilities that is not empty in some thread, as /proc names it; empty: they all are.
std::string capabilities_left() {
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(thread.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (!line.starts_with("CapPrm:") && !line.starts_with("CapEff:") && !line.starts_with("CapAmb:")) continue;
      const std::size_t colon = line.find(':');
      if (line.find_first_not_of("0\t ", colon + 1) != std::string::npos) return line.substr(0, colon);
    }
  }
  return {};
}

}  // namespace

LesserUser::LesserUser(const std::string& name) : name_(name) {
  const passwd* const user = ::getpwnam(name.c_str());
  if (user == nullptr) fail(IPM_ERR_INVALID_ARGUMENT, "there is no user " + name);
  if (user->pw_uid == 0) fail(IPM_ERR_INVALID_ARGUMENT, name + " is root, who has them all");
  uid_ = user->pw_uid;
  gid_ = user->pw_gid;
  if (::geteuid() != 0) fail(IPM_ERR_PERMISSION, "needs root, to become " + name);
  must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "set no_new_privs");
}

void LesserUser::drop() const {
  // These three change all threads (nptl(7)); with the last uid of root the capabilities go.
  must(::setgroups(0, nullptr) == 0, "leave the groups");
  must(::setresgid(gid_, gid_, gid_) == 0, "change the group");
  must(::setresuid(uid_, uid_, uid_) == 0, ("become " + name_).c_str());
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
  must(::syscall(SYS_capset, &header, none) == 0, "give up capabilities");
  if (const std::string left = capabilities_left(); !left.empty()) {
    fail(IPM_ERR_PERMISSION, left + " still has capabilities after becoming " + name_);
  }
}

}  // namespace cli

// Letting go of privileges: attaching the sources may need them, watching does not.
#pragma once

#include <sys/types.h>

#include <string>

namespace cli {

// Another user to become. In this order: the constructor before any source is attached, drop() after the last.
class LesserUser {
 public:
  // Throws ipm::Error if there is no such user or this process may not become it. From here on no exec brings new
  // privileges; for threads too, which the sources begin later.
  explicit LesserUser(const std::string& name);
  // Leaves groups, user and all capabilities behind, in every thread. Throws ipm::Error, also if any was left.
  void drop() const;

 private:
  std::string name_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
};

}  // namespace cli

// Failures of a case: every system call is checked, and what it says ends the process.
#pragma once

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace ipm::traffic {

// The machine does not permit what the case is about.
class Skip : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[noreturn]] inline void fail(const std::string& what) {
  throw std::runtime_error(what);
}
[[noreturn]] inline void fail_errno(const std::string& what) {
  fail(what + ": " + std::strerror(errno));
}

// The result of a call that gives -1 on failure.
template <class Number>
Number check(Number result, const char* what) {
  if (result < 0) fail_errno(what);
  return result;
}

inline void require(bool holds, const std::string& what) {
  if (!holds) fail(what);
}

}  // namespace ipm::traffic

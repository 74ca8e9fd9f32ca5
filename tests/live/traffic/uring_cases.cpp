#include "live/traffic/case.h"
namespace ipm::traffic {
std::span<const Entry> uring_cases() {
  return {};
}
}  // namespace ipm::traffic

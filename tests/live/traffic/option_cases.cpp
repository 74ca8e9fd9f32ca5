#include "live/traffic/case.h"
namespace ipm::traffic {
std::span<const Entry> option_cases() {
  return {};
}
}  // namespace ipm::traffic

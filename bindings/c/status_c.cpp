#include <algorithm>

#include "guard.h"

namespace ipm::capi {
namespace {

// One message per thread, in a fixed place, so that reporting "no memory" takes none.
thread_local char last_error[1024] = "";

}  // namespace

ipm_status report(const Status& status) noexcept {
  if (status.is_error()) {
    const std::string_view name = code_name(status.code());
    const std::string_view message = status.message().empty() ? name : status.message();
    copy_out(message, last_error, sizeof last_error);
  }
  return static_cast<ipm_status>(status.code());
}

std::size_t copy_out(std::string_view text, char* buffer, std::size_t size) noexcept {
  if (buffer != nullptr && size != 0) {
    const std::size_t kept = std::min(text.size(), size - 1);
    std::memcpy(buffer, text.data(), kept);
    buffer[kept] = '\0';
  }
  return text.size();
}

#define IPM_SAME(number, code) static_assert(static_cast<ipm_status>(Code::code) == (number))
IPM_SAME(IPM_OK, kOk);
IPM_SAME(IPM_NULL, kNull);
IPM_SAME(IPM_TIMEOUT, kTimeout);
IPM_SAME(IPM_END, kEnd);
IPM_SAME(IPM_ERR_INVALID_ARGUMENT, kInvalidArgument);
IPM_SAME(IPM_ERR_PERMISSION, kPermission);
IPM_SAME(IPM_ERR_NOT_FOUND, kNotFound);
IPM_SAME(IPM_ERR_UNSUPPORTED, kUnsupported);
IPM_SAME(IPM_ERR_CORRUPT, kCorrupt);
IPM_SAME(IPM_ERR_IO, kIo);
IPM_SAME(IPM_ERR_LIMIT, kLimit);
IPM_SAME(IPM_ERR_NO_MEMORY, kNoMemory);
IPM_SAME(IPM_ERR_EXPIRED, kExpired);
IPM_SAME(IPM_ERR_FORKED, kForked);
IPM_SAME(IPM_ERR_STATE, kState);
IPM_SAME(IPM_ERR_INTERNAL, kInternal);
#undef IPM_SAME

}  // namespace ipm::capi

extern "C" {

const char* ipm_version(void) {
  return IPM_VERSION_STRING;
}

const char* ipm_status_name(ipm_status status) {
  // Every name is a literal, hence terminated.
  return ipm::code_name(static_cast<ipm::Code>(status)).data();
}

const char* ipm_last_error(void) {
  return ipm::capi::last_error;
}

}  // extern "C"

#include "base/status.h"

#include <cerrno>
#include <system_error>

namespace ipm {

std::string_view code_name(Code code) noexcept {
  switch (code) {
    case Code::kOk:
      return "IPM_OK";
    case Code::kNull:
      return "IPM_NULL";
    case Code::kTimeout:
      return "IPM_TIMEOUT";
    case Code::kEnd:
      return "IPM_END";
    case Code::kInvalidArgument:
      return "IPM_ERR_INVALID_ARGUMENT";
    case Code::kPermission:
      return "IPM_ERR_PERMISSION";
    case Code::kNotFound:
      return "IPM_ERR_NOT_FOUND";
    case Code::kUnsupported:
      return "IPM_ERR_UNSUPPORTED";
    case Code::kCorrupt:
      return "IPM_ERR_CORRUPT";
    case Code::kIo:
      return "IPM_ERR_IO";
    case Code::kLimit:
      return "IPM_ERR_LIMIT";
    case Code::kNoMemory:
      return "IPM_ERR_NO_MEMORY";
    case Code::kExpired:
      return "IPM_ERR_EXPIRED";
    case Code::kForked:
      return "IPM_ERR_FORKED";
    case Code::kState:
      return "IPM_ERR_STATE";
    case Code::kInternal:
      return "IPM_ERR_INTERNAL";
  }
  return "IPM_UNKNOWN_STATUS";
}

Status::Status(const Status& other)
    : code_(other.code_), message_(other.message_ ? std::make_unique<std::string>(*other.message_) : nullptr) {}

Status& Status::operator=(const Status& other) {
  if (this == &other) return *this;
  code_ = other.code_;
  message_ = other.message_ ? std::make_unique<std::string>(*other.message_) : nullptr;
  return *this;
}

Status Status::from_errno(std::string_view attempted, int error) {
  Code code = Code::kIo;
  switch (error) {
    case EACCES:
    case EPERM:
      code = Code::kPermission;
      break;
    case ENOENT:
    case ESRCH:
      code = Code::kNotFound;
      break;
    case ENOMEM:
      code = Code::kNoMemory;
      break;
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
    case EOPNOTSUPP:
    case ENOSYS:
      code = Code::kUnsupported;
      break;
    default:
      break;
  }
  // generic_category().message() is thread-safe; strerror() is not.
  return {code, std::string(attempted) + ": " + std::generic_category().message(error)};
}

Status Status::with_context(std::string_view attempted) const {
  if (!is_error()) return *this;
  return {code_, std::string(attempted) + ": " + std::string(message())};
}

}  // namespace ipm

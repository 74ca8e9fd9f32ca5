// How a call answers inside libipm: Status without a value, Result<T> with one. Bad input from outside is a Status with
// a message that says what was attempted, where, and what would help; a broken invariant is an assert.
#pragma once

#include <cassert>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace ipm {

// The numbers are those of include/ipm/status.h; bindings/c asserts that they agree.
enum class Code : std::int32_t {
  kOk = 0,
  kNull = 1,
  kTimeout = 2,
  kEnd = 3,
  kInvalidArgument = -1,
  kPermission = -2,
  kNotFound = -3,
  kUnsupported = -4,
  kCorrupt = -5,
  kIo = -6,
  kLimit = -7,
  kNoMemory = -8,
  kExpired = -9,
  kForked = -10,
  kState = -11,
  kInternal = -12,
};

std::string_view code_name(Code code) noexcept;

// Cheap while it is ok or an outcome: no allocation. Errors carry a message.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::make_unique<std::string>(std::move(message))) {}
  explicit Status(Code code) : code_(code) {}
  Status(const Status& other);
  Status& operator=(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;

  static Status success() { return Status(); }
  static Status timeout() { return Status(Code::kTimeout); }
  static Status end() { return Status(Code::kEnd); }
  static Status invalid_argument(std::string message) { return {Code::kInvalidArgument, std::move(message)}; }
  static Status permission(std::string message) { return {Code::kPermission, std::move(message)}; }
  static Status not_found(std::string message) { return {Code::kNotFound, std::move(message)}; }
  static Status unsupported(std::string message) { return {Code::kUnsupported, std::move(message)}; }
  static Status corrupt(std::string message) { return {Code::kCorrupt, std::move(message)}; }
  static Status io(std::string message) { return {Code::kIo, std::move(message)}; }
  static Status limit(std::string message) { return {Code::kLimit, std::move(message)}; }
  static Status expired(std::string message) { return {Code::kExpired, std::move(message)}; }
  static Status state(std::string message) { return {Code::kState, std::move(message)}; }
  static Status internal(std::string message) { return {Code::kInternal, std::move(message)}; }
  // EACCES and EPERM become kPermission, ENOENT and ESRCH kNotFound, ENOMEM kNoMemory, unsupported families
  // kUnsupported, the rest kIo. `attempted` says what was tried: "open /proc/net/snmp".
  static Status from_errno(std::string_view attempted, int error);

  Code code() const noexcept { return code_; }
  bool ok() const noexcept { return code_ == Code::kOk; }
  bool is_error() const noexcept { return static_cast<std::int32_t>(code_) < 0; }
  std::string_view message() const noexcept { return message_ ? std::string_view(*message_) : std::string_view(); }

  // The same status with "attempted: " before its message.
  Status with_context(std::string_view attempted) const;

 private:
  Code code_ = Code::kOk;
  std::unique_ptr<std::string> message_;
};

// A value, or the Status that says why there is none. Never holds an ok Status.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<1>, std::move(value)) {}  // NOLINT: implicit by design
  Result(Status status) : state_(std::in_place_index<0>, std::move(status)) { assert(!ok_status()); }  // NOLINT

  bool ok() const noexcept { return state_.index() == 1; }
  Status status() const { return ok() ? Status::success() : std::get<0>(state_); }
  T& operator*() & { return std::get<1>(state_); }
  const T& operator*() const& { return std::get<1>(state_); }
  T&& operator*() && { return std::get<1>(std::move(state_)); }
  T* operator->() { return &std::get<1>(state_); }
  const T* operator->() const { return &std::get<1>(state_); }

 private:
  bool ok_status() const { return std::get<0>(state_).ok(); }
  std::variant<Status, T> state_;
};

}  // namespace ipm

// Makes an embedder's table of functions an ordinary Source.
#pragma once

#include <atomic>

#include "guard.h"

namespace ipm::capi {

class CustomSource final : public source::Source {
 public:
  CustomSource(const ipm_source_vtable& vtable, void* user) : vtable_(vtable), user_(user), name_(vtable.name) {}
  ~CustomSource() override;

  std::string_view name() const noexcept override { return name_; }
  bool live() const noexcept override { return vtable_.live != 0; }
  source::Capabilities probe() const override { return {{"events of the embedder", true, ""}}; }
  Status open(const source::SourceOptions&) override { return Status::success(); }
  Status poll(ring::Writer& out, std::chrono::nanoseconds timeout) override;
  int fd() const noexcept override { return vtable_.fd == nullptr ? -1 : vtable_.fd(user_); }
  TimeNs next_due_ns() const noexcept override;
  void interrupt() noexcept override;
  source::SourceStats stats() const noexcept override;
  source::Degradations degradations() const override;

 private:
  const ipm_source_vtable vtable_;
  void* const user_;
  const std::string name_;
  ipm_lane lent_;
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace ipm::capi

#include "lane.h"

#include "raise.h"

namespace py = pybind11;

namespace ipm_py {
namespace {

constexpr const char* kClosed = "the lane is closed";

}  // namespace

std::size_t Lane::push(const py::array& events) {
  if (events.itemsize() != static_cast<py::ssize_t>(sizeof(ipm_event)) || events.ndim() != 1 ||
      (events.flags() & py::array::c_style) == 0) {
    throw py::value_error("events must be a contiguous array of ipm.events.EVENT_DTYPE with one dimension");
  }
  std::size_t accepted = 0;
  const auto* first = static_cast<const ipm_event*>(events.data());
  const auto count = static_cast<std::size_t>(events.size());
  ipm_status status = IPM_ERR_STATE;
  bool open = false;
  {
    py::gil_scoped_release unlocked;
    std::lock_guard lock(mutex_);
    open = lane_ != nullptr;
    if (open) status = ipm_lane_push(lane_, first, count, &accepted);
  }
  if (!open) raise(IPM_ERR_STATE, kClosed);
  if (status != IPM_ERR_LIMIT) check(status);  // A full lane: the number says it.
  return accepted;
}

std::uint32_t Lane::text(const std::string& text, std::int64_t time_ns) {
  std::uint32_t id = 0;
  std::lock_guard lock(mutex_);
  check(ipm_lane_text(get(), text.data(), text.size(), time_ns, &id));
  return id;
}

std::uint64_t Lane::free() const {
  std::lock_guard lock(mutex_);
  return ipm_lane_free(get());
}

void Lane::close() {
  std::lock_guard lock(mutex_);
  if (owned_) ipm_lane_close(lane_);
  lane_ = nullptr;
}

ipm_lane* Lane::get() const {
  if (lane_ == nullptr) raise(IPM_ERR_STATE, kClosed);
  return lane_;
}

void bind_lane(py::module_& module) {
  py::class_<Lane, std::shared_ptr<Lane>>(module, "Lane")
      .def("push", &Lane::push, py::arg("events"))
      .def("text", &Lane::text, py::arg("text"), py::arg("time_ns") = 0)
      .def_property_readonly("free", &Lane::free)
      .def("close", &Lane::close);
}

}  // namespace ipm_py

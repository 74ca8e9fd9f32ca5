#include "capture.h"

#include <memory>
#include <string>

#include "batch.h"
#include "raise.h"

namespace py = pybind11;

namespace ipm_py {
namespace {

constexpr std::int64_t kWait = 100 * IPM_MS;  // For a pipe: between two reads signals are looked at.

class Capture {
 public:
  Capture(const std::string& path, const std::string& settings) {
    check_unlocked([&] { return ipm_capture_open(&capture_, path.c_str(), settings.c_str()); });
  }
  ~Capture() { ipm_capture_close(capture_); }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // False: that was the end.
  bool read(std::uint32_t packets_max) {
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    return check_unlocked([&] { return ipm_capture_read(capture_, packets_max, kWait); }) != IPM_END;
  }

  std::shared_ptr<Stream> table(const std::string& name, const std::string& filter) {
    ArrowArrayStream stream{};
    check_unlocked([&] {
      ipm_cursor* cursor = nullptr;
      ipm_status status = ipm_capture_cursor(&cursor, capture_, name.c_str(), filter.c_str(), nullptr, 0);
      if (status == IPM_OK) status = ipm_cursor_arrow(cursor, &stream);
      ipm_cursor_close(cursor);
      return status;
    });
    return std::make_shared<Stream>(stream);
  }

  py::dict stats() {
    ipm_capture_stats s{};
    s.struct_size = sizeof s;
    check(ipm_capture_get_stats(capture_, &s));
    py::dict out;
    out["packets"] = s.packets;
    out["bytes_read"] = s.bytes_read;
    out["bytes_total"] = s.bytes_total;
    out["flow_packets"] = s.flow_packets;
    out["other_packets"] = s.other_packets;
    out["malformed"] = s.malformed;
    out["fragments_unplaced"] = s.fragments_unplaced;
    out["flows"] = s.flows;
    out["flows_evicted"] = s.flows_evicted;
    out["flows_unmeasured"] = s.flows_unmeasured;
    out["names"] = s.names;
    out["hellos"] = s.hellos;
    out["hellos_given_up"] = s.hellos_given_up;
    out["dropped"] = s.dropped;
    out["note"] = s.note;
    out["note_names"] = s.note_names;
    return out;
  }

 private:
  ipm_capture* capture_ = nullptr;
};

}  // namespace

void bind_capture(py::module_& module) {
  py::class_<Capture>(module, "Capture")
      .def(py::init<const std::string&, const std::string&>(), py::arg("path"), py::arg("settings") = "")
      .def("read", &Capture::read, py::arg("packets_max"))
      .def("table", &Capture::table, py::arg("name"), py::arg("filter") = "")
      .def("stats", &Capture::stats);
}

}  // namespace ipm_py

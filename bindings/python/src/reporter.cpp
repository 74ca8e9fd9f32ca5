#include "reporter.h"

#include <memory>
#include <string>

#include <ipm/ipm.hpp>

#include "monitor.h"
#include "raise.h"
#include "report.h"

namespace py = pybind11;

namespace ipm_py {
namespace {

// Looks at a monitor while it runs, and writes the page. The monitor is kept alive by the binding.
class Reporter {
 public:
  explicit Reporter(Monitor& monitor) : monitor_(monitor) {}

  void look() {
    guarded([this](ipm_monitor* m) {
      if (!recorder_) recorder_ = std::make_unique<ipm_report::Recorder>(m);
      recorder_->look();
    });
  }

  std::string page(const std::string& title) {
    std::string out;
    guarded([&](ipm_monitor* m) {
      ipm_report::Options options;
      options.title = title;
      out = ipm_report::page(m, options, recorder_.get());
    });
    return out;
  }

 private:
  // Without the GIL nothing may be thrown through it but what this throws itself.
  template <typename Call>
  void guarded(Call&& call) {
    ipm_status status = IPM_OK;
    std::string message;
    monitor_.with_turn([&](ipm_monitor* m) {
      try {
        call(m);
      } catch (const ipm::Error& error) {
        status = error.status();
        message = error.what();
      }
      return static_cast<ipm_status>(IPM_OK);
    });
    if (status < 0) raise(status, message.c_str());
  }

  Monitor& monitor_;
  std::unique_ptr<ipm_report::Recorder> recorder_;
};

}  // namespace

void bind_reporter(py::module_& module) {
  module.attr("REPORT_SETTINGS") = std::string(ipm_report::kSettings);
  py::class_<Reporter>(module, "Reporter")
      .def(py::init<Monitor&>(), py::arg("monitor"), py::keep_alive<1, 2>())
      .def("look", &Reporter::look)
      .def("page", &Reporter::page, py::arg("title"));
}

}  // namespace ipm_py

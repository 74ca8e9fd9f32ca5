#include "raise.h"

namespace py = pybind11;

namespace ipm_py {

void raise(ipm_status status, const char* message) {
  py::object error = py::module_::import("ipm.errors").attr("error_of")(status, message);
  PyErr_SetObject(py::type::handle_of(error).ptr(), error.ptr());
  throw py::error_already_set();
}

ipm_status check(ipm_status status) {
  if (status < 0) raise(status, ipm_last_error());
  return status;
}

}  // namespace ipm_py

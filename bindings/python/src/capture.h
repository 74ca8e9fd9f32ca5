// Captures in packet view: one row a flow.
#pragma once

#include <pybind11/pybind11.h>

namespace ipm_py {

void bind_capture(pybind11::module_& module);

}  // namespace ipm_py

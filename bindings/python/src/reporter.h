// A run as one HTML file.
#pragma once

#include <pybind11/pybind11.h>

namespace ipm_py {

void bind_reporter(pybind11::module_& module);

}  // namespace ipm_py

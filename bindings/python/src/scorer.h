// Scores of any series of numbers.
#pragma once

#include <pybind11/pybind11.h>

namespace ipm_py {

void bind_scorer(pybind11::module_& module);

}  // namespace ipm_py

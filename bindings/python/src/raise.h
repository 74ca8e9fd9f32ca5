// A status of the C functions as a Python exception of ipm.errors.
#pragma once

#include <pybind11/pybind11.h>

#include <ipm/ipm.h>

namespace ipm_py {

// Throws what ipm.errors has for the status. With the GIL.
[[noreturn]] void raise(ipm_status status, const char* message);

// Passes success and outcomes on; throws for an error, with the message of ipm_last_error(). With the GIL.
ipm_status check(ipm_status status);

// A call that may wait or work for long: without the GIL, on this thread, so that the message of an error is this
// one's.
template <typename Call>
ipm_status check_unlocked(Call&& call) {
  ipm_status status = IPM_OK;
  {
    pybind11::gil_scoped_release unlocked;
    status = call();
  }
  return check(status);
}

}  // namespace ipm_py

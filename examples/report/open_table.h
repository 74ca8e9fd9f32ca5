// A table of a monitor that somebody else owns.
#pragma once

#include <string>

#include <ipm/ipm.hpp>

namespace ipm_report {

inline ipm::Cursor open_table(ipm_monitor* monitor, const char* table, const std::string& filter = {}) {
  ipm_cursor* opened = nullptr;
  ipm::check(ipm_cursor_open(&opened, monitor, table, filter.c_str(), nullptr, 0));
  return ipm::Cursor(opened);
}

}  // namespace ipm_report

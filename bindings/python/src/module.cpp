// The extension module ipm._core: the C functions as Python objects. The package around it has the names users see.
#include <pybind11/pybind11.h>

#include <ipm/ipm.hpp>

#include "batch.h"
#include "capture.h"
#include "lane.h"
#include "monitor.h"
#include "raise.h"
#include "reporter.h"
#include "scorer.h"

namespace py = pybind11;

namespace {

const char* type_name(std::int32_t type) {
  switch (type) {
    case IPM_TYPE_INT64:
      return "int64";
    case IPM_TYPE_DOUBLE:
      return "double";
    case IPM_TYPE_TEXT:
      return "text";
    case IPM_TYPE_TIME:
      return "time";
    case IPM_TYPE_BOOL:
      return "bool";
    default:
      return "unknown";
  }
}

template <typename Describe>
py::list columns_by(Describe&& describe) {
  py::list out;
  ipm_column_info info{};
  info.struct_size = sizeof info;
  for (std::uint32_t index = 0; ipm_py::check(describe(index, &info)) == IPM_OK; ++index) {
    py::dict column;
    column["name"] = info.name;
    column["type"] = type_name(info.type);
    column["unit"] = info.unit;
    column["layer"] = info.layer;
    column["null_when"] = info.null_when;
    column["help"] = info.help;
    out.append(column);
  }
  return out;
}

py::list table_names() {
  py::list out;
  for (std::uint32_t index = 0;; ++index) {
    const char* name = ipm_table_name(index);
    if (name == nullptr) return out;
    out.append(name);
  }
}

py::list alert_kinds() {
  py::list out;
  for (const ipm_alert_kind_info& info : ipm::alert_kinds()) {
    py::dict kind;
    kind["kind"] = info.kind;
    kind["title"] = info.title;
    kind["techniques"] = py::str(info.techniques).attr("split")();
    kind["means"] = info.means;
    kind["computed"] = info.computed;
    kind["check"] = info.check;
    kind["tune"] = info.tune;
    out.append(kind);
  }
  return out;
}

// What the sources could see here: rows (source, what, available, reason).
std::shared_ptr<ipm_py::Stream> probe(const std::string& uri) {
  ArrowArrayStream stream{};
  ipm_py::check_unlocked([&] {
    ipm_cursor* cursor = nullptr;
    ipm_status status = ipm_source_probe(uri.empty() ? nullptr : uri.c_str(), &cursor);
    if (status == IPM_OK) status = ipm_cursor_arrow(cursor, &stream);
    ipm_cursor_close(cursor);
    return status;
  });
  return std::make_shared<ipm_py::Stream>(stream);
}

std::string quote(const std::string& text) {
  std::string out(ipm_text_quote(text.data(), text.size(), nullptr, 0), '\0');
  ipm_text_quote(text.data(), text.size(), out.data(), out.size() + 1);
  return out;
}

// Each event as a line of JSON.
py::list event_lines(const py::array& events) {
  if (events.itemsize() != static_cast<py::ssize_t>(sizeof(ipm_event)) || events.ndim() != 1 ||
      (events.flags() & py::array::c_style) == 0) {
    throw py::value_error("events must be a contiguous array of ipm.events.EVENT_DTYPE with one dimension");
  }
  py::list out;
  const auto* all = static_cast<const ipm_event*>(events.data());
  for (py::ssize_t i = 0; i < events.size(); ++i) {
    std::string line(ipm_event_format(&all[i], nullptr, 0), '\0');
    ipm_event_format(&all[i], line.data(), line.size() + 1);
    out.append(line);
  }
  return out;
}

}  // namespace

PYBIND11_MODULE(_core, module) {
  ipm_py::bind_batches(module);
  ipm_py::bind_lane(module);
  ipm_py::bind_monitor(module);
  ipm_py::bind_scorer(module);
  ipm_py::bind_capture(module);
  ipm_py::bind_reporter(module);
  module.def("version", &ipm_version);
  module.def("table_names", &table_names);
  module.def(
      "columns",
      [](const std::string& table) {
        return columns_by([&](std::uint32_t index, ipm_column_info* info) {
          return ipm_column_describe(table.c_str(), index, info);
        });
      },
      py::arg("table"));
  module.def(
      "capture_columns",
      [](const std::string& table) {
        return columns_by([&](std::uint32_t index, ipm_column_info* info) {
          return ipm_capture_column_describe(table.c_str(), index, info);
        });
      },
      py::arg("table"));
  module.def("alert_kinds", &alert_kinds);
  module.def("probe", &probe, py::arg("uri") = "");
  module.def("event_lines", &event_lines, py::arg("events"));
  module.def("quote", &quote, py::arg("text"));
}

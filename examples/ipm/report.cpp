// A run as one HTML file: examples/report makes it, this writes it.
#include <optional>
#include <string>

#include <ipm/ipm.hpp>

#include "commands.h"
#include "output.h"
#include "report.h"
#include "run.h"
#include "written_file.h"

namespace cli {
namespace {

void refuse(bool wrong, const char* message) {
  if (wrong) throw ipm::Error(IPM_ERR_INVALID_ARGUMENT, message);
}

void check(const Options& options) {
  const bool stdout_only = options.html == "-";
  refuse(options.html.empty(), "report: where to? --html FILE, or --html - for stdout");
  refuse(!options.filters.empty() || !options.columns.empty() || !options.order_by.empty() || options.limit ||
             options.format != Format::kTable,
         "report shows the whole run as HTML: no filter, order, limit, columns or format; `ipm table` has them");
  refuse(stdout_only && options.every_ns, "report: --every replaces a file; with --html - there is none");
  refuse(!stdout_only && !options.lesser_user.empty(),
         "report: without privileges the file could not be put in place; use --html - and let the shell write it");
}

}  // namespace

int run_report(const Options& asked) {
  check(asked);
  Options options = asked;
  options.settings += "\n" + std::string(ipm_report::kSettings);  // Behind what was given: it holds.
  ipm_report::Options page;
  if (!options.title.empty()) page.title = options.title;
  ipm::Monitor monitor = open_monitor(options);
  std::optional<WrittenFile> file;
  if (options.html != "-") file.emplace(options.html);
  attach(monitor, options);
  ipm_report::Recorder recorder(monitor.get());
  std::string html;
  const auto put_html = [&] {
    if (file) {
      file->write(html);
    } else {
      put(html);
    }
  };
  const auto print = [&] {
    html = ipm_report::page(monitor.get(), page, &recorder);
    if (options.every_ns) put_html();
  };
  run(monitor, {.duration_ns = options.duration_ns, .every_ns = options.every_ns, .print = print, .tick = [&] {
                  recorder.look();
                  return true;
                }});
  put_html();  // Not of a run whose sources have all failed: that was thrown.
  return 0;
}

}  // namespace cli

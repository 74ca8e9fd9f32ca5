// What is usual for each app, as a file: made from a run, merged, shown, compared.
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ipm/ipm.hpp>

#include "commands.h"
#include "output.h"
#include "run.h"
#include "text.h"

namespace cli {
namespace {

bool is_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

// A monitor without sources, into which files are read. The file of the settings is no part of what was asked for.
ipm::Monitor monitor_of(const Options& options, const std::vector<std::string>& files) {
  Options roomy = options;
  roomy.settings += "\nbaselines_path =\n";
  if (roomy.memory_max_bytes == 0) roomy.memory_max_bytes = 1ULL << 30;  // Of which only the baselines take some.
  ipm::Monitor monitor = open_monitor(roomy);
  for (const std::string& file : files) monitor.import_baselines(file);
  monitor.flush();
  return monitor;
}

void print_rows(ipm::Monitor& monitor, const Options& options) {
  ipm::Cursor cursor = monitor.table("baselines", options.filter(default_columns("baselines")));
  put(format_rows(cursor, options.format));
}

int export_run(const Options& options) {
  ipm::Monitor monitor = open_monitor(options);
  attach(monitor, options);
  run(monitor, {.duration_ns = options.duration_ns, .every_ns = options.every_ns, .print = [&] {
                  monitor.export_baselines(options.output);
                }});
  return 0;
}

int show(const Options& options) {
  if (options.sources.size() == 1 && is_file(options.sources[0])) {
    ipm::Monitor monitor = monitor_of(options, options.sources);
    print_rows(monitor, options);
    return 0;
  }
  ipm::Monitor monitor = open_monitor(options);
  attach(monitor, options);
  run(monitor, {.duration_ns = options.duration_ns, .every_ns = options.every_ns, .print = [&] {
                  print_rows(monitor, options);
                }});
  return 0;
}

// Into the last of the files, which may not be there yet.
int import_files(const Options& options) {
  std::vector<std::string> from = options.baseline_files;
  const std::string into = from.back();
  from.pop_back();
  if (is_file(into)) from.insert(from.begin(), into);
  monitor_of(options, from).export_baselines(into);
  return 0;
}

// --- diff ---

struct Level {
  double expected = 0;
  std::int64_t samples = 0;
};
using Key = std::pair<std::string, std::string>;  // App and metric.

std::map<Key, Level> levels_of(const Options& options, const std::string& file) {
  ipm::Monitor monitor = monitor_of(options, {file});
  std::map<Key, Level> out;
  ipm::Cursor cursor = monitor.table("baselines");
  while (cursor.next()) {
    const ipm::Row row = cursor.row();
    out[{std::string(row.text("app").value_or("")), std::string(row.text("metric").value_or(""))}] = {
        row.number("expected").value_or(0), row.integer("samples").value_or(0)};
  }
  return out;
}

struct Change {
  Key key;
  std::optional<Level> before, after;

  const char* what() const { return !before ? "added" : !after ? "removed" : "changed"; }
  // In factors, as a logarithm: a halving counts as much as a doubling. What is in one file only counts most.
  double size() const {
    if (!before || !after) return 1e9;
    return std::abs(std::log((1 + after->expected) / (1 + before->expected)));
  }
  std::string percent() const {
    if (!before || !after || before->expected == 0) return {};
    return number_text(100 * (after->expected - before->expected) / std::abs(before->expected));
  }
};

std::vector<Change> changes_between(const std::map<Key, Level>& before, const std::map<Key, Level>& after) {
  std::map<Key, Change> all;
  for (const auto& [key, level] : before) all[key] = {.key = key, .before = level, .after = {}};
  for (const auto& [key, level] : after) {
    all[key].key = key;
    all[key].after = level;
  }
  std::vector<Change> out;
  for (auto& [key, change] : all) {
    const bool same = change.before && change.after && change.before->expected == change.after->expected;
    if (!same) out.push_back(std::move(change));
  }
  std::stable_sort(out.begin(), out.end(), [](const Change& a, const Change& b) { return a.size() > b.size(); });
  return out;
}

int diff(const Options& options) {
  const std::vector<Change> changes =
      changes_between(levels_of(options, options.baseline_files[0]), levels_of(options, options.baseline_files[1]));
  std::vector<std::vector<std::string>> rows;
  for (const Change& change : changes) {
    if (options.limit && rows.size() >= *options.limit) break;
    const auto expected = [](const std::optional<Level>& level) { return level ? number_text(level->expected) : ""; };
    const auto samples = [](const std::optional<Level>& level) { return level ? std::to_string(level->samples) : ""; };
    rows.push_back({change.key.first, change.key.second, change.what(), expected(change.before), expected(change.after),
                    change.percent(), samples(change.before), samples(change.after)});
  }
  put(format_texts(
      {"app", "metric", "change", "expected_before", "expected_after", "percent", "samples_before", "samples_after"},
      rows, options.format));
  return 0;
}

}  // namespace

int run_baseline(const Options& options) {
  switch (options.baseline_action) {
    case BaselineAction::kExport:
      return export_run(options);
    case BaselineAction::kImport:
      return import_files(options);
    case BaselineAction::kShow:
      return show(options);
    case BaselineAction::kDiff:
      return diff(options);
  }
  return 1;
}

}  // namespace cli

// What the command line asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cli {

enum class Command {
  kTable,
  kEvents,
  kRecord,
  kDoctor,
  kTop,
  kColumns,
  kScore,
  kDetect,
  kDrill,
  kExplain,
  kFlows,
  kReport,
  kBaseline,
  kIntelCheck,
  kIntelMatch
};
enum class BaselineAction { kExport, kImport, kShow, kDiff };
enum class Format { kTable, kJsonl, kCsv, kScore };  // kScore: `score` and `detect` only.

struct Options {
  Command command = Command::kTable;
  std::string table;  // `table` and `columns`.
  // `drill`: a kind; `explain`: a kind, or the number of an alert; `intel match`: what is looked for.
  std::string subject;
  std::vector<std::string> sources;
  bool sources_given = false;  // false: `sources` is the default.
  std::string output;          // `record` and `baseline export`.
  Format format = Format::kTable;
  std::optional<std::int64_t> duration_ns;
  std::optional<std::int64_t> every_ns;
  std::vector<std::string> filters;
  std::string order_by;
  std::optional<std::uint64_t> limit;
  std::string columns;
  std::string settings;
  std::string config;
  std::vector<std::string> rules;
  std::vector<std::string> thresholds;
  std::uint64_t memory_max_bytes = 0;
  bool threads = false;
  bool self_traffic = false;
  bool self_test = true;
  std::string lesser_user;  // Whom to become when the sources are attached; empty: nobody else.

  // `report`.
  std::string html;  // The file; - is stdout.
  std::string title;

  // `baseline`.
  BaselineAction baseline_action = BaselineAction::kShow;
  std::vector<std::string> baseline_files;
  // `drill`.
  bool list = false;
  std::uint64_t seed = 1;
  // `intel`.
  std::vector<std::string> feeds;

  // `score`.
  std::string series = "-";
  bool raw = false;
  bool header = false;
  bool log_scale = false;
  std::int32_t utc_offset_s = 0;
  std::uint32_t hold_samples = 0;  // 0 in these three: the library's default.
  double threshold = 0;
  double resolution = 0;

  // The filter in the library's words. `default_columns` unless --columns was given; may be empty.
  std::string filter(const std::string& default_columns) const;
};

// The exit code when there is nothing more to do: 0 after help and version, 2 after a mistake, which was then said.
std::optional<int> parse(int argc, char** argv, Options& out);

}  // namespace cli

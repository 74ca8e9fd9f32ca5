// What the command line asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cli {

enum class Command { kTable, kEvents, kRecord, kDoctor, kTop, kColumns, kDetect };
enum class Format { kTable, kJsonl, kCsv, kScore };  // kScore: `detect` only.

struct Options {
  Command command = Command::kTable;
  std::string table;  // `table` and `columns`.
  std::vector<std::string> sources;
  std::string log;  // `record`.
  Format format = Format::kTable;
  std::optional<std::int64_t> duration_ns;
  std::optional<std::int64_t> every_ns;
  std::vector<std::string> filters;
  std::string order_by;
  std::optional<std::uint64_t> limit;
  std::string columns;
  std::string settings;
  std::string config;
  std::uint64_t memory_max_bytes = 0;
  bool threads = false;
  bool self_traffic = false;
  std::string lesser_user;  // Whom to become when the sources are attached; empty: nobody else.

  // The filter in the library's words. `default_columns` unless --columns was given; may be empty.
  std::string filter(const std::string& default_columns) const;
};

// The exit code when there is nothing more to do: 0 after help and version, 2 after a mistake, which was then said.
std::optional<int> parse(int argc, char** argv, Options& out);

}  // namespace cli

// A score for each point of a series: the held alarm's, or with --raw the continuous one. docs/baselines.md says what
// the numbers mean.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ipm/ipm.hpp>

#include "commands.h"
#include "output.h"
#include "score_lines.h"
#include "text.h"

namespace cli {
namespace {

class InputFile {
 public:
  explicit InputFile(const std::string& path)
      : fd_(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ >= 0) return;
    const ipm_status status = errno == ENOENT ? IPM_ERR_NOT_FOUND : IPM_ERR_IO;
    throw ipm::Error(status, "open " + path + ": " + std::strerror(errno));
  }
  ~InputFile() {
    if (fd_ != STDIN_FILENO) ::close(fd_);
  }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::string number(double value) {
  if (!std::isfinite(value)) return {};
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

// What a row says, beside the line's own time.
constexpr const char* kNames[] = {"line",
                                  "time",
                                  "score",
                                  "held",
                                  "alarm",
                                  "metric",
                                  "value",
                                  "expected",
                                  "expected_low",
                                  "expected_high",
                                  "deviation_percent",
                                  "confidence",
                                  "samples",
                                  "record",
                                  "causes"};

std::string causes_of(const ipm_score& score) {
  std::string out;
  for (const ipm_score_reason& reason : score.reasons) {
    if (reason.cause == IPM_CAUSE_NONE) break;
    out += (out.empty() ? "" : " ") + std::string(ipm_cause_name(reason.cause));
  }
  return out;
}

std::vector<std::string> cells_of(std::uint64_t line, const std::string& time, const ipm_score& score) {
  return {std::to_string(line),
          time,
          number(score.score),
          number(score.held),
          score.alarm != 0 ? "true" : "false",
          std::to_string(score.metric),
          number(score.value),
          number(score.expected),
          number(score.expected_low),
          number(score.expected_high),
          number(score.deviation_percent),
          number(score.confidence),
          std::to_string(score.samples),
          score.record != 0 ? "true" : "false",
          causes_of(score)};
}

bool is_text(const char* name) {
  return std::strcmp(name, "time") == 0 || std::strcmp(name, "causes") == 0;
}

std::string json_of(const std::vector<std::string>& cells) {
  std::vector<std::string> members;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].empty()) continue;
    members.push_back("\"" + std::string(kNames[i]) + "\":" + (is_text(kNames[i]) ? json_text(cells[i]) : cells[i]));
  }
  return json_record(members);
}

// Writes one format. A table has the alarms only, at the end; the others have a line for every point.
class ScorePrinter {
 public:
  explicit ScorePrinter(const Options& options) : format_(options.format), raw_(options.raw) {}

  void begin() {
    if (format_ == Format::kCsv) pending_ += csv_record({std::begin(kNames), std::end(kNames)});
  }
  void add(std::uint64_t line, const std::string& time, const ipm_score& score) {
    if (format_ == Format::kScore) {
      pending_ += number(raw_ ? score.score : score.held) + "\n";
      return;
    }
    if (format_ == Format::kTable && score.alarm == 0) return;
    std::vector<std::string> cells = cells_of(line, time, score);
    if (format_ == Format::kJsonl) {
      pending_ += json_of(cells);
    } else if (format_ == Format::kCsv) {
      for (std::size_t i = 0; i < cells.size(); ++i) {
        if (is_text(kNames[i])) cells[i] = csv_text(cells[i]);
      }
      pending_ += csv_record(cells);
    } else {
      alarms_.push_back(std::move(cells));
    }
  }
  void flush() {
    if (!pending_.empty()) put(pending_);
    pending_.clear();
  }
  void end() {
    flush();
    if (format_ == Format::kTable) put(format_texts({std::begin(kNames), std::end(kNames)}, alarms_, Format::kTable));
  }

 private:
  const Format format_;
  const bool raw_;
  std::string pending_;
  std::vector<std::vector<std::string>> alarms_;
};

[[noreturn]] void refuse(const LineInput& input, const std::string& what) {
  throw ipm::Error(IPM_ERR_CORRUPT, "line " + std::to_string(input.line_number()) + ": " + what);
}

ipm::Scorer open_scorer(const Options& options, std::size_t metrics) {
  return ipm::Scorer({.metrics = static_cast<std::uint32_t>(metrics),
                      .log_scale = options.log_scale,
                      .hold_samples = options.hold_samples,
                      .threshold = options.threshold,
                      .resolution = options.resolution});
}

void score_all(LineInput& input, const Options& options, ScorePrinter& printer) {
  std::optional<ipm::Scorer> scorer;
  SeriesPoint point;
  std::size_t metrics = 0;
  bool header = options.header;
  while (const std::optional<std::string_view> line = input.next()) {
    if (header) {
      header = false;
      continue;
    }
    if (const std::string mistake = read_point(*line, point); !mistake.empty()) refuse(input, mistake);
    if (!scorer) {
      metrics = point.values.size();
      scorer.emplace(open_scorer(options, metrics));
    }
    if (point.values.size() != metrics) {
      refuse(input, std::to_string(point.values.size()) + " values; the first line has " + std::to_string(metrics));
    }
    const ipm_score score = scorer->update(point.time_ns, options.utc_offset_s, point.values);
    printer.add(input.line_number(), std::string(line->substr(0, line->find(','))), score);
    if (input.drained()) printer.flush();
  }
}

}  // namespace

int run_score(const Options& options) {
  const InputFile file(options.series);
  LineInput input(file.fd());
  ScorePrinter printer(options);
  printer.begin();
  try {
    score_all(input, options, printer);
  } catch (const ipm::Error&) {
    printer.flush();  // What was scored before the mistake.
    throw;
  }
  printer.end();
  return 0;
}

}  // namespace cli

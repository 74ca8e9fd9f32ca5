// The flows of capture files, one row a flow, in packet view.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
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

constexpr std::uint32_t kPacketsPerRead = 16'384;
constexpr std::int64_t kWaitNs = 200 * IPM_MS;
constexpr std::int64_t kProgressEveryNs = 100 * IPM_MS;
constexpr int kBarCells = 30;
constexpr std::size_t kPutBytes = 64 << 10;

const char* const kPersonColumns =
    "proto, src, sport, dst, dport, first, state, pkts_out, pkts_in, ip_out, ip_in, irtt_ms, retrans_out, retrans_in, "
    "sni";

// On stderr, if that is a terminal and the file is long enough to be waited for.
class Progress {
 public:
  explicit Progress(const std::string& path) : path_(path), shown_(isatty(STDERR_FILENO) != 0) {}
  ~Progress() {
    if (drawn_) std::fputs("\r\033[K", stderr);
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const ipm_capture_stats& stats) {
    if (!shown_ || now_ns() - last_ns_ < kProgressEveryNs) return;
    last_ns_ = now_ns();
    if (std::exchange(first_, false)) return;  // What is done at once needs no bar.
    drawn_ = true;
    std::string bar;
    if (stats.bytes_total != 0) {
      const double part = std::min(1.0, static_cast<double>(stats.bytes_read) / static_cast<double>(stats.bytes_total));
      const int cells = static_cast<int>(part * kBarCells);
      bar = " [" + std::string(static_cast<std::size_t>(cells), '#') +
            std::string(static_cast<std::size_t>(kBarCells - cells), '.') + "] " +
            std::to_string(static_cast<int>(part * 100)) + " %";
    }
    std::fprintf(stderr, "\r\033[K%s%s  %llu packets, %llu flows", harmless(path_).c_str(), bar.c_str(),
                 static_cast<unsigned long long>(stats.packets), static_cast<unsigned long long>(stats.flows));
    std::fflush(stderr);
  }

 private:
  const std::string path_;
  const bool shown_;
  bool first_ = true;
  bool drawn_ = false;
  std::int64_t last_ns_ = now_ns();
};

// Records for programs. Times are seconds since 1970, as other tools for captures have them; `type` tells flows from
// names.
class Records {
 public:
  Records(const Options& options, std::string type, std::string capture)
      : options_(options), type_(std::move(type)), capture_(std::move(capture)) {}

  void put_all(ipm::Cursor& cursor, bool header) const {
    const RecordFormatter formatter(cursor, options_.format, RecordFormatter::Times::kSeconds);
    const bool json = options_.format == Format::kJsonl;
    std::string out;
    if (header && !json) {
      std::vector<std::string> names = {"type"};
      if (!capture_.empty()) names.emplace_back("capture");
      for (const std::string& name : formatter.names()) names.push_back(name);
      out = csv_record(names);
    }
    for (const ipm::Row row : cursor) {
      std::vector<std::string> cells = {json ? "\"type\":" + json_text(type_) : type_};
      if (!capture_.empty()) cells.push_back(json ? "\"capture\":" + json_text(capture_) : csv_text(capture_));
      for (std::string& cell : formatter.cells(row)) cells.push_back(std::move(cell));
      out += json ? json_record(cells) : csv_record(cells);
      if (out.size() < kPutBytes) continue;
      put(out);
      out.clear();
    }
    put(out);
  }

 private:
  const Options& options_;
  const std::string type_;
  const std::string capture_;
};

void say_problems(const std::string& path, ipm::Capture& capture) {
  const ipm_capture_stats stats = capture.stats();
  const auto say = [&](const std::string& text) {
    std::fprintf(stderr, "ipm: %s: %s\n", harmless(path).c_str(), harmless(text).c_str());
  };
  if (*stats.note != '\0') say(stats.note);
  if (stats.malformed != 0)
    say(std::to_string(stats.malformed) + " packets whose headers are cut or contradict themselves");
  if (stats.flows_unmeasured != 0)
    say(std::to_string(stats.flows_unmeasured) + " flows were counted and not measured: raise flows_max");
  if (stats.dropped != 0) say("the capturing host dropped " + std::to_string(stats.dropped) + " packets");
}

void print_flows(const Options& options, const std::string& path, bool& header) {
  ipm::Capture capture(path, options.settings);
  const bool person = options.format == Format::kTable;
  const std::string filter = options.filter(person ? kPersonColumns : "");
  capture.table("flows", filter);  // A mistake shows now and not after the file.
  const std::string named = options.sources.size() > 1 ? path : std::string();
  const Records flows(options, "flow", named);
  const Records names(options, "dns", named);
  const bool json = options.format == Format::kJsonl;
  Progress progress(path);
  for (ipm_status status = IPM_OK; status != IPM_END;) {
    status = capture.read(kPacketsPerRead, kWaitNs);
    const ipm_capture_stats stats = capture.stats();
    progress.show(stats);
    // What has to make room is printed before it goes.
    if (!person && stats.flows_evicted != 0) {
      ipm::Cursor ended = capture.table("ended_flows", filter);
      flows.put_all(ended, header);
      header = false;
    }
    if (json && options.filters.empty()) {
      ipm::Cursor records = capture.table("names");
      names.put_all(records, false);
    }
  }
  ipm::Cursor cursor = capture.table("flows", filter);
  if (person) {
    put(format_rows(cursor, options.format));
    const std::uint64_t evicted = capture.stats().flows_evicted;
    if (evicted != 0)
      put(std::to_string(evicted) + " flows made room and are not shown: take --format jsonl, or raise flows_max\n");
  } else {
    flows.put_all(cursor, header);
    header = false;
  }
  say_problems(path, capture);
}

}  // namespace

int run_flows(const Options& options) {
  bool header = true;
  for (const std::string& path : options.sources) {
    if (options.sources.size() > 1 && options.format == Format::kTable) put(harmless(path) + "\n");
    print_flows(options, path, header);
  }
  return 0;
}

}  // namespace cli

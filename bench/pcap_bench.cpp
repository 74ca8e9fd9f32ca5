// A capture file to flows: ours, counting and with everything, beside a bare libpcap loop, argus, softflowd and tshark,
// each in a process of its own over the same file.
#include <fcntl.h>
#include <pcap/pcap.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <ipm/capture.h>

#include "child.h"
#include "pcap/link_traffic.h"
#include "sections.h"

namespace ipm::bench {
namespace {

constexpr std::uint32_t kFlows = 200'000;
constexpr std::uint64_t kPacketsMin = 3'000'000;
constexpr std::uint32_t kTsharkPackets = 300'000;  // The first of them: it takes a minute for all.
constexpr std::uint32_t kPacketsPerRead = 16'384;
constexpr double kRssMibMax = 48 + 768.0 * kFlows / (1024 * 1024);

// The capture, for as long as this object lives.
class TrafficFile {
 public:
  TrafficFile()
      : path_((std::filesystem::temp_directory_path() / ("ipm-bench-" + std::to_string(::getpid()) + ".pcap"))) {
    // In a process of its own, whose memory the others do not inherit.
    Child writer([this](const Child::Say& say) {
      const LinkTotals totals = write_link_traffic(path_, kFlows);
      say(static_cast<double>(totals.packets));
      say(static_cast<double>(totals.bytes));
    });
    totals_.flows = kFlows;
    totals_.packets = static_cast<std::uint64_t>(writer.hear());
    totals_.bytes = static_cast<std::uint64_t>(writer.hear());
    writer.wait();
    if (totals_.packets < kPacketsMin) throw std::runtime_error("the generator made too few packets");
  }
  ~TrafficFile() { ::unlink(path_.c_str()); }
  TrafficFile(const TrafficFile&) = delete;
  TrafficFile& operator=(const TrafficFile&) = delete;

  const std::string& path() const { return path_; }
  const LinkTotals& totals() const { return totals_; }

 private:
  const std::string path_;
  LinkTotals totals_;
};

void expect(bool right, const char* what) {
  if (!right) throw std::runtime_error(what);
}

void read_by_libpcap(const TrafficFile& file) {
  char error[PCAP_ERRBUF_SIZE];
  pcap_t* capture = ::pcap_open_offline(file.path().c_str(), error);
  if (capture == nullptr) throw std::runtime_error(error);
  LinkTotals totals;
  const auto count = [](u_char* user, const pcap_pkthdr* header, const u_char*) {
    auto& into = *reinterpret_cast<LinkTotals*>(user);
    ++into.packets;
    into.bytes += header->len;
  };
  ::pcap_loop(capture, -1, count, reinterpret_cast<u_char*>(&totals));
  ::pcap_close(capture);
  expect(totals.packets == file.totals().packets && totals.bytes == file.totals().bytes, "libpcap read less");
}

// Everything that the row says, by its type.
std::uint64_t read_row(ipm_cursor* cursor, const std::vector<std::int32_t>& types) {
  std::uint64_t read = 0;
  for (std::uint32_t column = 0; column < types.size(); ++column) {
    std::int64_t number = 0;
    double real = 0;
    const char* text = nullptr;
    std::size_t bytes = 0;
    ipm_status status = IPM_OK;
    if (types[column] == IPM_TYPE_TEXT) {
      status = ipm_cursor_text(cursor, column, &text, &bytes);
    } else if (types[column] == IPM_TYPE_DOUBLE) {
      status = ipm_cursor_double(cursor, column, &real);
    } else {
      status = ipm_cursor_int64(cursor, column, &number);
    }
    if (status == IPM_OK) ++read;
  }
  return read;
}

std::uint64_t read_rows(ipm_capture* capture, const char* table, const char* filter) {
  ipm_cursor* cursor = nullptr;
  expect(ipm_capture_cursor(&cursor, capture, table, filter, nullptr, 0) == IPM_OK, ipm_last_error());
  std::vector<std::int32_t> types;
  for (std::uint32_t column = 0; column < ipm_cursor_column_count(cursor); ++column) {
    ipm_column_info info{};
    info.struct_size = sizeof info;
    expect(ipm_cursor_describe(cursor, column, &info) == IPM_OK, ipm_last_error());
    types.push_back(info.type);
  }
  std::uint64_t rows = 0, values = 0;
  for (; ipm_cursor_next(cursor) == IPM_OK; ++rows) values += read_row(cursor, types);
  ipm_cursor_close(cursor);
  expect(rows == 0 || values != 0, "rows without values");
  return rows;
}

void read_by_us(const TrafficFile& file, const char* settings, const char* columns, bool names) {
  ipm_capture* capture = nullptr;
  expect(ipm_capture_open(&capture, file.path().c_str(), settings) == IPM_OK, ipm_last_error());
  std::uint64_t records = 0;
  for (ipm_status status = IPM_OK; status == IPM_OK;) {
    status = ipm_capture_read(capture, kPacketsPerRead, 0);
    if (names) records += read_rows(capture, "names", nullptr);
  }
  ipm_capture_stats stats{};
  stats.struct_size = sizeof stats;
  expect(ipm_capture_get_stats(capture, &stats) == IPM_OK, ipm_last_error());
  expect(stats.packets == file.totals().packets && stats.malformed == 0 && *stats.note == '\0', "we read less");
  expect(read_rows(capture, "flows", columns) == kFlows, "flows are missing");
  expect(!names || (records != 0 && stats.hellos != 0), "names are missing");
  ipm_capture_close(capture);
}

// A program that takes the file's place in the process; what it prints goes nowhere.
void run_program(const std::vector<std::string>& words) {
  const int nowhere = ::open("/dev/null", O_WRONLY);
  ::dup2(nowhere, STDOUT_FILENO);
  ::dup2(nowhere, STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  throw std::runtime_error(words[0] + " did not start");
}

bool is_installed(const std::string& program) {
  for (const char* folder : {"/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"}) {
    if (::access((folder + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

struct Reader {
  std::string name;
  std::uint64_t packets = 0;
  int rounds = 0;
  std::function<void()> run;
  Budget counting = kNoBudget, everything = kNoBudget;  // Of a peer: our packets a second / its own.
  Child::Used best = {};                                // The least CPU time and the least memory of its rounds.

  double packets_per_s() const { return static_cast<double>(packets) / best.cpu_s; }
};

std::vector<Reader> all_readers(const TrafficFile& file, Report& report) {
  constexpr const char* kCounts =
      "columns = proto, src, sport, dst, dport, first, last, state, pkts_out, pkts_in, wire_out, wire_in, ip_out, "
      "ip_in, payload_out, payload_in";
  constexpr int kRounds = 5, kPeerRounds = 2;
  const std::uint64_t packets = file.totals().packets;
  std::vector<Reader> readers = {
      {"libpcap loop", packets, kRounds, [&] { read_by_libpcap(file); }},
      {"counting", packets, kRounds, [&] { read_by_us(file, "measure = off\nnames = off", kCounts, false); }},
      {"everything", packets, kRounds, [&] { read_by_us(file, nullptr, nullptr, true); }},
  };
  const auto program = [](std::vector<std::string> words) { return [words] { run_program(words); }; };
  const Reader peers[] = {
      {"argus", packets, kPeerRounds, program({"argus", "-X", "-r", file.path(), "-w", "/dev/null"}), at_least(4),
       at_least(4)},
      {"softflowd", packets, kPeerRounds, program({"softflowd", "-6", "-m", "1000000", "-r", file.path()}),
       at_least(4)},
      {"tshark", kTsharkPackets, 1,
       program({"tshark", "-n", "-q", "-z", "conv,tcp", "-z", "conv,udp", "-c", std::to_string(kTsharkPackets), "-r",
                file.path()}),
       at_least(20), at_least(20)},
  };
  for (const Reader& peer : peers) {
    if (is_installed(peer.name)) {
      readers.push_back(peer);
    } else {
      report.skip("capture to flows", peer.name + " is not installed");
    }
  }
  return readers;
}

// Round by round, so that what slows the machine down for a while does so for all of them.
void measure(std::vector<Reader>& readers) {
  const auto by_rounds = [](const Reader& a, const Reader& b) { return a.rounds < b.rounds; };
  const int rounds = std::ranges::max_element(readers, by_rounds)->rounds;
  for (int round = 0; round < rounds; ++round) {
    for (Reader& reader : readers) {
      if (round >= reader.rounds) continue;
      Child child([&](const Child::Say&) {
        forget_peak();
        reader.run();
      });
      const Child::Used used = child.wait();
      if (round == 0) reader.best = used;
      reader.best.cpu_s = std::min(reader.best.cpu_s, used.cpu_s);
      reader.best.peak_mib = std::min(reader.best.peak_mib, used.peak_mib);
    }
  }
}

void report_ours(Report& report, const std::string& what, const Reader& ours, double times_loop_max, const Reader& loop,
                 std::span<const Reader> peers, Budget Reader::*budget) {
  report.compare(what + ", CPU", ours.best.cpu_s, loop.name, loop.best.cpu_s, "s", at_most(times_loop_max));
  for (const Reader& peer : peers) {
    report.compare(what, ours.packets_per_s() / 1e6, peer.name, peer.packets_per_s() / 1e6, "M packets/s",
                   peer.*budget);
  }
  report.value(what + ", peak of resident memory", ours.best.peak_mib, "MiB", at_most(kRssMibMax));
}

}  // namespace

void bench_pcap(Report& report) {
  const TrafficFile file;
  std::fprintf(stderr, "  %llu packets, %u flows, %.0f MiB\n", static_cast<unsigned long long>(file.totals().packets),
               kFlows, static_cast<double>(file.totals().bytes) / (1024 * 1024));
  std::vector<Reader> readers = all_readers(file, report);
  measure(readers);
  const Reader& loop = readers[0];
  const std::span<const Reader> peers = std::span(readers).subspan(3);
  report_ours(report, "capture to flows, counting only", readers[1], 1.8, loop, peers, &Reader::counting);
  report_ours(report, "capture to flows, everything", readers[2], 3, loop, peers, &Reader::everything);
  for (const Reader& peer : peers) {
    report.value(peer.name + ", peak of resident memory", peer.best.peak_mib, "MiB", kNoBudget);
  }
}

}  // namespace ipm::bench

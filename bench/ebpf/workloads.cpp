#include "ebpf/workloads.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "child.h"
#include "cpu_time.h"
#include "net_namespace.h"

namespace ipm::bench {
namespace {

constexpr std::uint16_t kIperfPort = 5'201;
constexpr std::uint16_t kNginxPort = 8'080;

[[noreturn]] void become(std::vector<const char*> words) {
  const int nowhere = ::open("/dev/null", O_RDWR);
  ::dup2(nowhere, STDOUT_FILENO);
  ::dup2(nowhere, STDERR_FILENO);
  words.push_back(nullptr);
  ::execvp(words[0], const_cast<char* const*>(words.data()));
  throw std::runtime_error("a server did not start");
}

// By the kernel's list: iperf3 takes a connection that only knocks for a client.
bool listens(std::uint16_t port) {
  std::array<char, 32> end;
  std::snprintf(end.data(), end.size(), ":%04X", port);
  for (const char* list : {"/proc/self/net/tcp", "/proc/self/net/tcp6"}) {
    std::ifstream lines(list);
    std::string number, local, remote, state, rest;
    while (lines >> number >> local >> remote >> state && std::getline(lines, rest)) {
      if (local.ends_with(end.data()) && state == "0A") return true;
    }
  }
  return false;
}

void wait_until_listening(std::uint16_t port) {
  for (int attempt = 0; attempt < 500; ++attempt) {
    if (listens(port)) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("nothing listens on port " + std::to_string(port));
}

std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string text;
  std::array<char, 4096> block;
  for (std::size_t got; (got = std::fread(block.data(), 1, block.size(), pipe)) > 0;) text.append(block.data(), got);
  if (::pclose(pipe) != 0) throw std::runtime_error("failed: " + command);
  return text;
}

double number_after(const std::string& text, const std::string& first, const std::string& second) {
  const std::size_t begin = text.find(second, text.find(first));
  if (begin == std::string::npos) throw std::runtime_error("no " + second + " in what a program printed");
  return std::strtod(text.c_str() + begin + second.size(), nullptr);
}

void run_iperf3(const std::string& write_size, const Child::Say& say) {
  make_net_namespace();
  const Child server([](const Child::Say&) { become({"iperf3", "-s"}); });
  wait_until_listening(kIperfPort);
  const std::string json = output_of("iperf3 -c 127.0.0.1 -t 2 -O 0.3 --json -l " + write_size);
  say(number_after(json, "\"sum_received\"", "\"bits_per_second\":") * 1e-9);
}

// Of nginx, and the files it wants; removed with this object.
class NginxFolder {
 public:
  NginxFolder() {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make a folder for nginx");
    std::ofstream(configuration()) << "daemon off; master_process off; worker_processes 1;\n"
                                      "error_log stderr crit; pid "
                                   << path_
                                   << "/pid;\n"
                                      "events { worker_connections 64; }\n"
                                      "http { access_log off; keepalive_requests 1000000000;\n"
                                      "  server { listen 127.0.0.1:"
                                   << kNginxPort
                                   << ";\n"
                                      "    location / { return 200 \"a short answer\"; } } }\n";
  }
  ~NginxFolder() {
    (void)::unlink((path_ + "/pid").c_str());
    (void)::unlink(configuration().c_str());
    (void)::rmdir(path_.c_str());
  }
  NginxFolder(const NginxFolder&) = delete;
  NginxFolder& operator=(const NginxFolder&) = delete;
  std::string configuration() const { return path_ + "/nginx.conf"; }

 private:
  std::string path_ = std::filesystem::temp_directory_path() / "ipm_bench_nginx_XXXXXX";  // As mkdtemp(3) wants it.
};

void run_nginx(const std::string& configuration, const Child::Say& say) {
  make_net_namespace();
  const Child server([&](const Child::Say&) { become({"nginx", "-c", configuration.c_str()}); });
  wait_until_listening(kNginxPort);
  const std::string wrk = "wrk -t1 -c16 http://127.0.0.1:" + std::to_string(kNginxPort) + "/ -d";
  (void)output_of(wrk + "1s");
  const double begin = cpu_s_of_process(server.pid());
  const std::string text = output_of(wrk + "2s");
  const double cpu_s = cpu_s_of_process(server.pid()) - begin;
  const std::size_t at = text.find(" requests in");
  if (at == std::string::npos) throw std::runtime_error("wrk counted no requests");
  say(cpu_s * 1e6 / std::strtod(text.c_str() + text.rfind('\n', at) + 1, nullptr));
}

}  // namespace

double iperf3_gbit_s(const std::string& write_size) {
  return Child([&](const Child::Say& say) { run_iperf3(write_size, say); }).hear();
}

double nginx_us_per_request() {
  const NginxFolder folder;
  return Child([&](const Child::Say& say) { run_nginx(folder.configuration(), say); }).hear();
}

}  // namespace ipm::bench

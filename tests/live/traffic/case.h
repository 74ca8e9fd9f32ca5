// A case forks the processes it needs, waits for them and prints what they counted.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "live/traffic/process.h"

namespace ipm::traffic {

// One process says a number, another waits for it. A pipe: made before the fork, good for any number of turns.
class Gate {
 public:
  Gate();
  void open(std::uint64_t value = 0) const;
  std::uint64_t wait() const;
  // Calls `work` with each of `fds` that has become readable; returns when the gate is opened and they are quiet.
  void wait_or_readable(const std::vector<int>& fds, const std::function<void(int)>& work) const;
  std::uint16_t wait_port() const { return static_cast<std::uint16_t>(wait()); }

 private:
  Fd read_, write_;
};

class Case {
 public:
  using Work = std::function<void(Process&)>;
  using Options = std::map<std::string, std::string>;

  Case(std::string name, Options options);
  Case(const Case&) = delete;
  Case& operator=(const Case&) = delete;
  ~Case();  // Ends the processes that still run.

  // Runs `work` in a process of its own. `pid`: the id it shall have, which must be free; 0 for any.
  pid_t start(const std::string& role, const Work& work, pid_t pid = 0);
  // Waits for that process, which must succeed, or be ended by `signal`.
  void wait(pid_t pid, int signal = 0);
  void wait_all();

  Report& report() { return report_; }
  std::uint32_t option(const std::string& key, std::uint32_t otherwise) const;
  // The case line of a barrier on stdout; goes on with the next line on stdin.
  void barrier();
  // All processes have ended well: 0, and the lines are printed. Otherwise what failed is on stderr.
  int run(void (*function)(Case&));

 private:
  const std::string name_;
  const Options options_;
  Report report_;
  std::vector<pid_t> children_;
};

// What a role does once its connection stands.
using Talk = std::function<void(Process&, int fd)>;
// A server and a client over one TCP connection to the loopback address of `family`. Both close when their talk ends.
void tcp_pair(Case& run, int family, const Talk& server, const Talk& client, int protocol = 0);

void sleep_ms(std::uint32_t milliseconds);

// The same process after exec of `exe`: keeps its slot. Passes `arguments` to the continuation `stage`.
[[noreturn]] void exec_stage(Report& report, Process& self, const std::string& exe, const std::string& stage,
                             const std::vector<std::string>& arguments, int kept_fd = -1);

struct Entry {
  const char* name;
  void (*function)(Case&);
};
struct Stage {
  const char* name;
  void (*function)(Process&, const std::vector<std::string>& arguments);
};

// One table a family of cases; each lies in the file of that name.
std::span<const Entry> tcp_cases();
std::span<const Entry> udp_cases();
std::span<const Entry> transfer_cases();
std::span<const Entry> uring_cases();
std::span<const Entry> option_cases();
std::span<const Entry> sharing_cases();
std::span<const Entry> process_cases();
std::span<const Entry> failure_cases();
std::span<const Entry> raw_cases();
std::span<const Entry> namespace_cases();
std::span<const Entry> load_cases();
std::span<const Stage> process_stages();

}  // namespace ipm::traffic

#include "live/traffic/case.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "live/traffic/check.h"

namespace ipm::traffic {
namespace {

// Longer than any case takes: a process that still waits then has lost its peer.
constexpr unsigned kPatienceSeconds = 40;

// fork(), with a chosen id where `pid` is not 0 (needs CAP_CHECKPOINT_RESTORE).
pid_t fork_as(pid_t pid) {
  if (pid == 0) return check(::fork(), "fork");
  clone_args args{};
  args.exit_signal = SIGCHLD;
  args.set_tid = reinterpret_cast<std::uint64_t>(&pid);
  args.set_tid_size = 1;
  const long made = ::syscall(SYS_clone3, &args, sizeof args);
  if (made < 0 && errno == EPERM) throw Skip("clone3 with a chosen pid is not permitted");
  return static_cast<pid_t>(check(made, "clone3 with a chosen pid"));
}

}  // namespace

Gate::Gate() {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "pipe2");
  read_ = Fd(ends[0]);
  write_ = Fd(ends[1]);
}

void Gate::open(std::uint64_t value) const {
  require(::write(write_.get(), &value, sizeof value) == sizeof value, "write to a gate");
}

std::uint64_t Gate::wait() const {
  std::uint64_t value = 0;
  require(::read(read_.get(), &value, sizeof value) == sizeof value, "read from a gate");
  return value;
}

void Gate::wait_or_readable(const std::vector<int>& fds, const std::function<void(int)>& work) const {
  std::vector<pollfd> all;
  for (const int fd : fds) all.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  all.push_back({.fd = read_.get(), .events = POLLIN, .revents = 0});
  for (;;) {
    check(::poll(all.data(), all.size(), -1), "poll");
    bool quiet = true;
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if (all[i].revents == 0) continue;
      quiet = false;
      work(fds[i]);
    }
    if (quiet) break;
  }
  wait();
}

Case::Case(std::string name, Options options)
    : name_(std::move(name)), options_(std::move(options)), report_(Report::create()) {}

Case::~Case() {
  for (const pid_t pid : children_) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
}

pid_t Case::start(const std::string& role, const Work& work, pid_t pid) {
  Slot& slot = report_.take(role);
  const pid_t child = fork_as(pid);
  if (child != 0) {
    children_.push_back(child);
    return child;
  }
  children_.clear();
  int status = 0;
  try {
    check(::prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG");
    ::alarm(option("patience", kPatienceSeconds));
    slot.identify();
    Process process(slot);
    work(process);
  } catch (const Skip& skip) {
    report_.skip(skip.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s %s: %s\n", name_.c_str(), role.c_str(), error.what());
    status = 1;
  }
  ::_exit(status);
}

void Case::wait(pid_t pid, int signal) {
  int status = 0;
  check(::waitpid(pid, &status, 0), "waitpid");
  children_.erase(std::find(children_.begin(), children_.end(), pid));
  if (signal != 0 ? WIFSIGNALED(status) && WTERMSIG(status) == signal : WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    return;
  }
  fail("process " + std::to_string(pid) +
       (WIFSIGNALED(status) ? " died of signal " + std::to_string(WTERMSIG(status)) : " failed"));
}

void Case::wait_all() {
  // The first to fail ends the others, so any of them may be the next to look at.
  while (!children_.empty()) {
    siginfo_t info{};
    check(::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), "waitid");
    wait(info.si_pid);
  }
}

std::uint32_t Case::option(const std::string& key, std::uint32_t otherwise) const {
  const auto found = options_.find(key);
  return found == options_.end() ? otherwise
                                 : static_cast<std::uint32_t>(std::strtoul(found->second.c_str(), nullptr, 10));
}

void Case::barrier() {
  std::printf("{\"case\":\"%s\",\"barrier\":true}\n", name_.c_str());
  std::fflush(stdout);
  char line[16];
  check(::read(STDIN_FILENO, line, sizeof line), "wait at the barrier");
}

int Case::run(void (*function)(Case&)) {
  try {
    (void)payload();  // Filled once, for all processes.
    // It forks and waits: no byte is its own.
    report_.take("parent").identify();
    function(*this);
    wait_all();
  } catch (const Skip& skip) {
    report_.skip(skip.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name_.c_str(), error.what());
    return 1;
  }
  report_.print(name_);
  return 0;
}

void tcp_pair(Case& run, int family, const Talk& server, const Talk& client, int protocol) {
  const Gate listening;
  run.start("server", [&](Process& self) {
    const Fd listener = listen_at(loopback(family, 0), protocol);
    listening.open(local_of(listener.get()).port());
    const Fd fd = self.accept(listener.get());
    server(self, fd.get());
  });
  run.start("client", [&](Process& self) {
    const Fd fd = self.connect(loopback(family, listening.wait_port()), protocol);
    client(self, fd.get());
  });
  run.wait_all();
}

void sleep_ms(std::uint32_t milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

void exec_stage(Report& report, Process& self, const std::string& exe, const std::string& stage,
                const std::vector<std::string>& arguments, int kept_fd) {
  const int memory = report.memory().get();
  for (const int fd : {memory, kept_fd}) {
    if (fd >= 0) check(::fcntl(fd, F_SETFD, 0), "keep a descriptor over exec");
  }
  std::vector<std::string> words = {exe, "--stage", stage, std::to_string(memory),
                                    std::to_string(report.index_of(self.slot()))};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(exe.c_str(), argv.data());
  fail_errno("exec " + exe);
}

}  // namespace ipm::traffic

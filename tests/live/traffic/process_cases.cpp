// Processes that come, go and change.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "live/traffic/case.h"
#include "live/traffic/check.h"

namespace ipm::traffic {
namespace {

constexpr const char* kSelf = "/proc/self/exe";

// A folder that goes away with its content, made of one file.
class ProgramCopy {
 public:
  explicit ProgramCopy(const std::string& folder, const char* name) : path_(folder + "/" + name) {
    const Fd from(check(::open(kSelf, O_RDONLY | O_CLOEXEC), "open the program"));
    const Fd to(check(::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0755), "copy the program"));
    struct stat info {};
    check(::fstat(from.get(), &info), "fstat");
    for (off_t left = info.st_size; left > 0;) {
      const ssize_t copied = check(::sendfile(to.get(), from.get(), nullptr, static_cast<std::size_t>(left)), "copy");
      require(copied > 0, "the program is shorter than it was");
      left -= copied;
    }
  }
  ProgramCopy(const ProgramCopy&) = delete;
  ProgramCopy& operator=(const ProgramCopy&) = delete;
  ~ProgramCopy() { ::unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

class Folder {
 public:
  Folder() {
    char pattern[] = "/tmp/ipm-traffic-XXXXXX";
    require(::mkdtemp(pattern) != nullptr, "mkdtemp");
    path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { ::rmdir(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A server that takes `connections` one after the other, reads each to its end and answers with `answer` bytes.
void serve_all(Case& run, const Gate& listening, std::size_t connections, std::size_t answer) {
  run.start("server", [&listening, connections, answer](Process& self) {
    const Fd listener = listen_at(loopback(AF_INET, 0));
    listening.open(local_of(listener.get()).port());
    for (std::size_t i = 0; i < connections; ++i) {
      const Fd fd = self.accept(listener.get());
      self.receive_to_end(fd.get());
      self.send(fd.get(), answer);
    }
  });
}

void ask(Process& self, int fd, std::size_t bytes) {
  self.send(fd, bytes);
  check(::shutdown(fd, SHUT_WR), "shutdown");
  self.receive_to_end(fd);
}

// FD BYTES: goes on with a socket that it had before exec.
void ask_on_stage(Process& self, const std::vector<std::string>& arguments) {
  const Fd fd(std::atoi(arguments.at(0).c_str()));
  ask(self, fd.get(), static_cast<std::size_t>(std::atoi(arguments.at(1).c_str())));
}

// PORT BYTES: connects anew.
void ask_port_stage(Process& self, const std::vector<std::string>& arguments) {
  const Fd fd = self.connect(loopback(AF_INET, static_cast<std::uint16_t>(std::atoi(arguments.at(0).c_str()))));
  ask(self, fd.get(), static_cast<std::size_t>(std::atoi(arguments.at(1).c_str())));
}

// Bytes before and after exec, by one process and on one socket.
void exec_keeps_socket(Case& run) {
  const Gate listening;
  serve_all(run, listening, 1, 444);
  const Folder folder;
  const ProgramCopy copy(folder.path(), "traffic_after");
  run.start("changer", [&](Process& self) {
    const Fd fd = self.connect(loopback(AF_INET, listening.wait_port()));
    self.send(fd.get(), 5'003);
    std::snprintf(self.slot().exe, sizeof(Slot::exe), "%s", copy.path().c_str());
    exec_stage(run.report(), self, copy.path(), "ask_on", {std::to_string(fd.get()), "7001"}, fd.get());
  });
  run.wait_all();
}

// Two processes of one id, one after the other.
void pid_reuse(Case& run) {
  const Gate listening;
  serve_all(run, listening, 3, 100);
  const std::uint16_t port = listening.wait_port();
  const auto work = [port](std::size_t bytes) {
    return [port, bytes](Process& self) { ask(self, self.connect(loopback(AF_INET, port)).get(), bytes); };
  };
  const pid_t pid = run.start("first", work(1'001));
  run.wait(pid);
  sleep_ms(30);  // Three clock ticks: the starts differ.
  run.wait(run.start("second", work(2'003), pid));
  sleep_ms(30);
  run.wait(run.start("third", work(3'007), pid));
}

// As short as a process can be that says something.
void short_processes(Case& run) {
  const Gate listening;
  const std::uint32_t count = run.option("count", 300);
  serve_all(run, listening, count, 5);
  const std::uint16_t port = listening.wait_port();
  for (std::uint32_t i = 0; i < count; ++i) {
    run.wait(run.start("short" + std::to_string(i),
                       [&](Process& self) { ask(self, self.connect(loopback(AF_INET, port)).get(), 10 + i); }));
  }
}

// The same, each a program of its own.
void short_programs(Case& run) {
  const Gate listening;
  const std::uint32_t count = run.option("count", 100);
  serve_all(run, listening, count, 5);
  const std::uint16_t port = listening.wait_port();
  const Folder folder;
  const ProgramCopy copy(folder.path(), "short_program");
  for (std::uint32_t i = 0; i < count; ++i) {
    run.wait(run.start("program" + std::to_string(i), [&](Process& self) {
      std::snprintf(self.slot().exe, sizeof(Slot::exe), "%s", copy.path().c_str());
      exec_stage(run.report(), self, copy.path(), "ask_port", {std::to_string(port), std::to_string(10 + i)});
    }));
  }
  run.wait_all();
}

// The same with datagrams, which no connection tells of: 100 processes.
void short_datagrams(Case& run) {
  const std::uint32_t count = run.option("count", 100);
  const Gate bound;
  run.start("receiver", [&](Process& self) {
    const Fd fd = datagram_at(loopback(AF_INET, 0));
    bound.open(local_of(fd.get()).port());
    for (std::uint32_t i = 0; i < count; ++i) self.receive_datagram(fd.get());
  });
  const Address to = loopback(AF_INET, bound.wait_port());
  for (std::uint32_t i = 0; i < count; ++i) {
    run.wait(run.start("short" + std::to_string(i),
                       [&](Process& self) { self.send_to(socket_of(AF_INET, SOCK_DGRAM).get(), to, 10 + i); }));
  }
}

// The program lies on a file system that only its own mount namespace has.
void mount_namespace(Case& run) {
  const Gate listening;
  serve_all(run, listening, 1, 222);
  const Folder folder;
  run.start("hidden", [&](Process& self) {
    if (::unshare(CLONE_NEWNS) != 0) throw Skip("no mount namespace of its own");
    check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "keep mounts private");
    check(::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, nullptr), "mount tmpfs");
    const ProgramCopy copy(folder.path(), "hidden_program");
    std::snprintf(self.slot().exe, sizeof(Slot::exe), "%s", copy.path().c_str());
    exec_stage(run.report(), self, copy.path(), "ask_port", {std::to_string(listening.wait_port()), "1234"});
  });
  run.wait_all();
}

// The program has no name in any file system: it was written to memory.
void nameless_program(Case& run) {
  const Gate listening;
  serve_all(run, listening, 1, 333);
  run.start("nameless", [&](Process& self) {
    const Fd memory(check(::memfd_create("nameless", 0), "memfd_create"));
    const Fd from(check(::open(kSelf, O_RDONLY | O_CLOEXEC), "open the program"));
    while (check(::sendfile(memory.get(), from.get(), nullptr, kPayloadBytes), "copy the program") > 0) {
    }
    std::snprintf(self.slot().exe, sizeof(Slot::exe), "/memfd:nameless (deleted)");
    exec_stage(run.report(), self, "/proc/self/fd/" + std::to_string(memory.get()), "ask_port",
               {std::to_string(listening.wait_port()), "4321"});
  });
  run.wait_all();
}

// The process is gone, its socket still delivers what it had sent.
void outlived(Case& run) {
  const Gate gone;
  const Gate listening;
  run.start("server", [&](Process& self) {
    const Fd listener = listen_at(loopback(AF_INET, 0));
    set_option(listener.get(), SOL_SOCKET, SO_RCVBUF, 4'096, "SO_RCVBUF");
    listening.open(local_of(listener.get()).port());
    const Fd fd = self.accept(listener.get());
    gone.wait();
    self.receive_to_end(fd.get());
  });
  run.wait(run.start("gone", [&](Process& self) {
    const Fd fd = self.connect(loopback(AF_INET, listening.wait_port()));
    set_option(fd.get(), SOL_SOCKET, SO_SNDBUFFORCE, 2 << 20, "SO_SNDBUFFORCE");
    self.send(fd.get(), 800'011);
  }));
  gone.open();
}

constexpr Entry kCases[] = {{"exec_keeps_socket", exec_keeps_socket}, {"pid_reuse", pid_reuse},
                            {"short_processes", short_processes},     {"short_programs", short_programs},
                            {"short_datagrams", short_datagrams},     {"mount_namespace", mount_namespace},
                            {"nameless_program", nameless_program},   {"outlived", outlived}};
constexpr Stage kStages[] = {{"ask_on", ask_on_stage}, {"ask_port", ask_port_stage}};

}  // namespace

std::span<const Entry> process_cases() {
  return kCases;
}
std::span<const Stage> process_stages() {
  return kStages;
}

}  // namespace ipm::traffic

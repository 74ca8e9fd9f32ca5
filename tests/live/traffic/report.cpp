#include "live/traffic/report.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "live/traffic/check.h"

namespace ipm::traffic {
namespace {

constexpr const char* kNames[kFields] = {"tx_bytes",         "rx_bytes",       "connects",      "accepts",
                                         "connect_failures", "resets_rx",      "resets_tx",     "frame_tx_bytes",
                                         "retransmits",      "tx_bytes_after", "rx_bytes_after"};

// "field":"text"; the texts are names of ours and paths, without what JSON would escape.
void print_text(const char* field, const char* text) {
  std::printf("\"%s\":\"%s\"", field, text);
}

}  // namespace

void Slot::identify() {
  pid = ::getpid();
  const Fd stat(check(::open("/proc/self/stat", O_RDONLY | O_CLOEXEC), "open /proc/self/stat"));
  char text[1'024];
  const ssize_t length = check(::read(stat.get(), text, sizeof text - 1), "read /proc/self/stat");
  text[length] = 0;
  char* const first = std::strchr(text, '(');
  char* field = std::strrchr(text, ')');
  require(first != nullptr && field != nullptr && field - first - 1 < 16, "parse /proc/self/stat");
  std::memset(comm, 0, sizeof comm);
  std::memcpy(comm, first + 1, static_cast<std::size_t>(field - first - 1));
  // After the name comes field 3, and each space begins the next one.
  for (int number = 2; number < 22; ++number) {
    field = std::strchr(field + 1, ' ');
    require(field != nullptr, "parse /proc/self/stat");
  }
  start_ticks = std::strtoull(field, nullptr, 10);
}

Report::Report(Fd memory) : memory_(std::move(memory)) {
  void* const mapped = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
  if (mapped == MAP_FAILED) fail_errno("map the report");
  shared_ = static_cast<Shared*>(mapped);
}

Report Report::create() {
  Fd memory(check(::memfd_create("report", MFD_CLOEXEC), "memfd_create"));
  check(::ftruncate(memory.get(), sizeof(Shared)), "size the report");
  return Report(std::move(memory));
}

Report Report::attach(Fd memory) {
  return Report(std::move(memory));
}

Slot& Report::take(const std::string& role) {
  const std::uint32_t index = shared_->slots.fetch_add(1);
  require(index < kSlotsMax, "too many processes in one case");
  std::snprintf(shared_->slot[index].role, sizeof(Slot::role), "%s", role.c_str());
  return shared_->slot[index];
}

std::uint32_t Report::index_of(const Slot& slot) const {
  return static_cast<std::uint32_t>(&slot - shared_->slot);
}

Slot& Report::at(std::uint32_t index) {
  require(index < shared_->slots.load(), "no such process in the report");
  return shared_->slot[index];
}

void Report::skip(const std::string& reason) {
  std::snprintf(shared_->skip_reason, sizeof(Shared::skip_reason), "%s", reason.c_str());
}

void Report::print(const std::string& case_name) const {
  if (shared_->skip_reason[0] != 0) {
    std::printf("{\"case\":\"%s\",\"skip\":\"%s\"}\n", case_name.c_str(), shared_->skip_reason);
    return;
  }
  for (std::uint32_t index = 0; index < shared_->slots.load(); ++index) {
    const Slot& slot = shared_->slot[index];
    std::printf("{\"case\":\"%s\",", case_name.c_str());
    print_text("role", slot.role);
    std::printf(",\"pid\":%d,\"start_ticks\":%llu,", slot.pid, static_cast<unsigned long long>(slot.start_ticks));
    print_text("comm", slot.comm);
    if (slot.exe[0] != 0) {
      std::printf(",");
      print_text("exe", slot.exe);
    }
    for (std::uint32_t field = 0; field < kFields; ++field) {
      if (field >= kAlways && (slot.shown.load() & (1U << field)) == 0) continue;
      if ((slot.hidden.load() & (1U << field)) != 0) continue;
      std::printf(",\"%s\":%llu", kNames[field], static_cast<unsigned long long>(slot.values[field].load()));
    }
    std::printf("}\n");
  }
  std::fflush(stdout);
}

}  // namespace ipm::traffic

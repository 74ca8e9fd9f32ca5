#include "source/ebpf/libbpf_log.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <mutex>

// What the copy of libbpf that is linked in has for stderr (see CMakeLists.txt): an archive that was not made for
// shared libraries can only name what is in the same one.
extern "C" __attribute__((visibility("hidden"))) std::FILE* ipm_libbpf_stderr;
std::FILE* ipm_libbpf_stderr = stderr;

namespace ipm::source::ebpf {
namespace {

std::mutex mutex;  // Several monitors may open at once; the last restores.
int users = 0;
libbpf_print_fn_t before = nullptr;
thread_local int quiet = 0;

__attribute__((format(printf, 2, 0))) int print(libbpf_print_level level, const char* format, std::va_list arguments) {
  if (quiet > 0 || before == nullptr) return 0;
  return before(level, format, arguments);
}

}  // namespace

LibbpfLog::LibbpfLog() {
  const std::lock_guard<std::mutex> lock(mutex);
  ++quiet;
  if (users++ == 0) before = libbpf_set_print(print);
}

LibbpfLog::~LibbpfLog() {
  const std::lock_guard<std::mutex> lock(mutex);
  --quiet;
  if (--users == 0) (void)libbpf_set_print(before);
}

}  // namespace ipm::source::ebpf

// libbpf writes to stderr unless a function is set, for the whole program. While one of these lives, what libbpf says
// goes nowhere; then the function of before is back. Those of other threads are not at the mercy of this: what they say
// meanwhile goes where it went.
#pragma once

namespace ipm::source::ebpf {

class LibbpfLog {
 public:
  LibbpfLog();
  ~LibbpfLog();
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;
};

}  // namespace ipm::source::ebpf

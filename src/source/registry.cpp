#include "source/registry.h"

#include <algorithm>
#include <string>

#ifdef IPM_WITH_EBPF
#include "source/ebpf/ebpf.h"
#endif
#include "source/replay/replay.h"
#include "source/sock_diag/sock_diag.h"
#include "source/synthetic/synthetic.h"

namespace ipm::source {

std::span<const Backend> backends() {
  static constexpr Backend kBackends[] = {
#ifdef IPM_WITH_EBPF
      {"ebpf", make_ebpf_source, true},
#endif
      {"sock_diag", make_sock_diag_source, true},
      {"replay", make_replay_source, false},
      {"synthetic", make_synthetic_source, false},
  };
  return kBackends;
}

const Backend* find_backend(std::string_view scheme) {
  const std::span<const Backend> all = backends();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Backend& backend) { return backend.scheme == scheme; });
  return found == all.end() ? nullptr : &*found;
}

std::string known_schemes() {
  std::string text = "auto:";
  for (const Backend& backend : backends()) text += ", " + std::string(backend.scheme) + ":";
  return text + " and -";
}

}  // namespace ipm::source

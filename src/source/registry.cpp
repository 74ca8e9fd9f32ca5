#include "source/registry.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/key_values.h"

#ifdef IPM_WITH_EBPF
#include "source/ebpf/ebpf.h"
#endif
#include "source/drill/drill.h"
#include "source/pcap/pcap.h"
#include "source/replay/replay.h"
#include "source/sock_diag/sock_diag.h"
#include "source/synthetic/synthetic.h"

namespace ipm::source {

std::span<const Backend> backends() {
  static constexpr Backend kBackends[] = {
#ifdef IPM_WITH_EBPF
      {"ebpf", make_ebpf_source, true},
#endif
      {"sock_diag", make_sock_diag_source, true}, {"pcap", make_pcap_source, false},
      {"replay", make_replay_source, false},      {"synthetic", make_synthetic_source, false},
      {"drill", make_drill_source, false},
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

Result<std::vector<Candidate>> automatic_candidates(const SourceOptions& options) {
  std::vector<Candidate> out;
  std::set<std::string_view> known;
  for (const Backend& backend : backends()) {
    if (!backend.automatic) continue;
    Candidate candidate{backend.scheme, backend.make(options.uri), options};
    const std::span<const std::string_view> own = candidate.source->parameters();
    known.insert(own.begin(), own.end());
    std::erase_if(candidate.options.uri.parameters,
                  [&](const auto& each) { return std::find(own.begin(), own.end(), each.first) == own.end(); });
    if (Status status = candidate.source->check(candidate.options); !status.ok()) return status;
    out.push_back(std::move(candidate));
  }
  for (const auto& [key, value] : options.uri.parameters) {
    if (known.contains(key)) continue;
    const std::vector<std::string_view> names(known.begin(), known.end());
    std::string said = "no source that it may take has a parameter \"" + key + "\"";
    const std::string_view nearest = nearest_word(key, names);
    if (!nearest.empty()) return Status::invalid_argument(said + "; did you mean \"" + std::string(nearest) + "\"?");
    for (std::size_t i = 0; i < names.size(); ++i) said += (i == 0 ? "; there are " : ", ") + std::string(names[i]);
    return Status::invalid_argument(said);
  }
  return out;
}

}  // namespace ipm::source

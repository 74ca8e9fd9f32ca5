// Contestants that do the same work, timed in one run by Google Benchmark: repetitions of all are shuffled, so that a
// machine that is busy or slow for a while is so for all; what counts is each one's best.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ipm::bench {

struct Contestant {
  std::string name;
  // Does the work once. Returns the seconds that the timed part of it took.
  std::function<double()> run_s;
};

// Items per second of each contestant, in their order, at their best of `rounds`.
std::vector<double> race(const std::string& what, std::uint64_t items, const std::vector<Contestant>& contestants,
                         int rounds);

}  // namespace ipm::bench

// One score for several metrics of one host or program: the mean of their three strongest surprises, and how rare such
// a mean is there. One wild metric among many does not carry it, and many metrics do not make it less rare.
#pragma once

#include <cstdint>
#include <span>

#include "baseline/baseline.h"

namespace ipm::baseline {

class Consensus {
 public:
  struct Result {
    double score = 0;  // As Score::score.
    double held = 0;
    bool alarm = false;
    std::uint32_t strongest = 0;  // Index of the metric that is most surprising; 0 if all are missing.
    bool missing = false;         // Every metric was.
  };

  // The surprises of one moment, of the same metrics in the same order each time; what is missing is not taken.
  class Voices {
   public:
    void take(std::uint32_t index, double surprise);

   private:
    friend class Consensus;
    static constexpr std::uint32_t kMost = 3;
    double surprises_[kMost] = {};  // The strongest first.
    std::uint32_t count_ = 0;
    std::uint32_t first_ = 0;
  };
  Result step(const Options& options, const Voices& voices);
  // The same of scores. One metric is passed through.
  Result step(const Options& options, std::span<const Score> scores);

  // As Baseline::accept().
  void accept();

  bool well_formed() const { return hold_.well_formed() && surprises_.well_formed(); }

 private:
  Memory<1> surprises_;
  Hold hold_;
  std::uint32_t samples_ = 0;
  std::uint32_t alarm_left_ = 0;
};
static_assert(std::is_trivially_copyable_v<Consensus>);

}  // namespace ipm::baseline

// The thresholds that stand, and how the apps that they are about stand to them, interval by interval.
//
// Bounds: kMax thresholds; a line for each app that passes one, or whose earlier intervals one asks for, lines_max in
// all. An app that finds no line is not judged by what lasts; that is counted. Threads: the engine's. Cost of an
// interval of an app: a look at each threshold.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "alert/threshold.h"
#include "base/page_store.h"

namespace ipm::alert {

// The newest intervals, by twelfths of the time that is looked at, or one by one where that is not longer.
class PassedTime {
 public:
  static constexpr std::uint32_t kParts = 12;
  struct Span {
    std::uint32_t width = 1;  // Intervals of a part.
    std::uint32_t parts = 1;
  };
  // At most as much as `span_ns`.
  static Span span_of(TimeNs span_ns, TimeNs interval_ns);

  void turn_to(std::int64_t interval, const Span& span);
  void add(double value);
  double sum(std::uint32_t parts) const;
  double least(std::uint32_t parts) const;  // NaN: there is nothing.
  double most(std::uint32_t parts) const;

 private:
  // One more than are looked at: the newest part is not over.
  static constexpr std::uint32_t kRing = kParts + 1;
  struct Part {
    float sum = 0;
    float least = 0, most = 0;
    bool used = false;
  };
  std::int64_t newest_ = -1;
  std::array<Part, kRing> ring_ = {};
};

// A threshold that an app passes.
struct Passing {
  const Threshold* threshold = nullptr;
  double value = 0;     // In units of the metric, per per_ns where that counts.
  double times = 0;     // So many times the limit, at least 1; 0: it is not a matter of more and less.
  double expected = 0;  // By the baseline, of one interval.
  double expected_low = 0, expected_high = 0;  // Only if `known`.
  double before = 0;                           // What it rose or fell from.
  double percent = 0;                          // Above what is expected.
  double score = 0;                            // Of the baseline.
  std::uint64_t samples = 0;
  TimeNs since_ns = 0;
  TimeNs lasts_ns = 0;
  bool known = false;    // What is usual.
  bool goes_on = false;  // It was told already, and has not doubled since.
};

class Thresholds {
 public:
  static constexpr std::size_t kMax = 64;

  Thresholds(PageStore& store, std::uint64_t bytes_max);
  ~Thresholds();
  Thresholds(const Thresholds&) = delete;
  Thresholds& operator=(const Thresholds&) = delete;

  // Takes the place of the one of that name. False: one too many.
  bool take(const Threshold& threshold);
  // False: there is none of that name.
  bool lift(std::string_view name);
  void lost(TimeNs time) { lost_ns_ = time; }
  void forget_app(std::uint32_t app);  // Slot.

  // Those that the app passes with this interval. Good until the next call of anything here.
  std::span<const Passing> judge(const model::AppSample& sample, const model::AppScores* scores, std::string_view app);

  std::size_t size() const { return standing_.size(); }
  std::size_t lines() const { return lines_used_; }
  std::uint64_t refused() const { return refused_; }  // Intervals of apps that found no line.

 private:
  // Of one app and one threshold.
  struct Line {
    std::uint32_t app = 0;   // Slot + 1; 0: free.
    std::uint32_t next = 0;  // Index + 1 of the app's next line, or of the next free one.
    std::uint32_t threshold = 0;
    TimeNs begun_ns = 0;     // Since then every interval was there.
    TimeNs end_ns = 0;       // Of the newest one.
    TimeNs since_ns = 0;     // It has passed since then; 0: it does not.
    double told = 0;         // `times` when it was told; 0: it was not.
    PassedTime passed = {};  // For per=, or for within=.
  };
  struct Standing {
    Threshold threshold;
    std::uint32_t id = 0;  // Of its lines: not used again.
  };
  struct Seen;  // One interval on its way through judge().

  Line* find_line(std::uint32_t app, std::uint32_t threshold);
  // Null: there is no room, which is counted.
  Line* need_line(std::uint32_t app, std::uint32_t threshold, TimeNs begin, TimeNs now);
  void free_line(Line& line);
  void drop_lines(std::uint32_t threshold);
  bool give_up_oldest(TimeNs now);
  static bool needs_sum(const Threshold& threshold, TimeNs interval);
  static void look(const Threshold& threshold, Seen& seen, Line* line);
  static bool passes(const Threshold& threshold, const Seen& seen, Passing& out);
  void judge_one(const Standing& standing, Seen seen);
  void account();

  PageStore& store_;
  const std::uint32_t lines_max_;
  std::vector<Standing> standing_;  // In the order in which they were said.
  std::vector<Line> lines_;
  std::vector<std::uint32_t> heads_;  // By app slot: index + 1 of its first line.
  std::uint32_t free_ = 0;            // Index + 1.
  std::uint32_t lines_used_ = 0;
  std::uint32_t next_id_ = 1;
  TimeNs lost_ns_ = -1;  // When something was last not seen.
  std::uint64_t refused_ = 0;
  std::vector<Passing> passing_;
  std::int64_t accounted_ = 0;
};

}  // namespace ipm::alert

// Handing events from producers to the one consumer: the lanes against queues that others use for it.
#include "queues.h"
#include "race.h"
#include "sections.h"

namespace ipm::bench {
namespace {

constexpr std::uint64_t kElements = 500'000;
constexpr int kRounds = 15;

template <typename T, typename Queue>
Contestant contestant(const std::string& name, std::size_t producers, std::size_t batch) {
  auto queue = std::make_shared<Queue>(producers);  // The same for all rounds: memory that it took stays warm.
  return {name, [=] { return hand_over_s<T>(*queue, producers, kElements / producers, batch); }};
}

// One line for each peer after the first contestant, which is ours.
void compare(Report& report, const std::string& what, const std::vector<Contestant>& contestants,
             const std::vector<Budget>& budgets) {
  const std::vector<double> per_second = race(what, kElements, contestants, kRounds);
  for (std::size_t i = 1; i < contestants.size(); ++i) {
    report.compare(what, per_second[0] / 1e6, contestants[i].name, per_second[i] / 1e6, "M/s", budgets[i - 1]);
  }
}

template <typename T>
void two_producers(Report& report, const std::string& kind, std::size_t batch, Budget budget) {
  compare(
      report, "lanes, " + kind,
      {contestant<T, LaneQueue<T>>("lanes", 2, batch), contestant<T, BoundedMoodycamelQueue<T>>("moodycamel", 2, batch),
       contestant<T, MoodycamelQueue<T>>("moodycamel, no bound", 2, batch),
       contestant<T, BoostQueue<T>>("boost queue", 2, batch)},
      {budget, kNoBudget, kNoBudget});
}

template <typename T>
void one_producer(Report& report, const std::string& kind, std::size_t batch, Budget moodycamel, Budget textbook) {
  compare(
      report, "lanes, " + kind,
      {contestant<T, LaneQueue<T>>("lane", 1, batch), contestant<T, BoundedMoodycamelQueue<T>>("moodycamel", 1, batch),
       contestant<T, MoodycamelQueue<T>>("moodycamel, no bound", 1, batch),
       contestant<T, TextbookQueue<T>>("textbook ring", 1, batch),
       contestant<T, BoostSpscQueue<T>>("boost spsc", 1, batch)},
      {moodycamel, kNoBudget, textbook, kNoBudget});
}

template <typename T>
void all(Report& report, const std::string& size) {
  two_producers<T>(report, size + ", 2 producers, singly", 1, at_least(5));
  two_producers<T>(report, size + ", 2 producers, by 64", kBatch, at_least(10));
  one_producer<T>(report, size + ", 1 producer, singly", 1, kNoBudget, at_least(0.9));
  one_producer<T>(report, size + ", 1 producer, by 64", kBatch, at_least(2), kNoBudget);
}

}  // namespace

void bench_lanes(Report& report) {
  all<model::Event>(report, "128 B");
  all<SmallEvent>(report, "64 B");
}

}  // namespace ipm::bench

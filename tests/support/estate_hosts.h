// The parts of which estate.cpp makes a host.
#pragma once

#include "support/estate.h"

namespace ipm::test {

// A host before anything happens to it.
struct Plan {
  Plan(HostKind host_kind, std::uint64_t seed, const EstateOptions& chosen);

  Persona program(std::string name, std::string exe, std::uint32_t uid = 0);
  Habit& add(Habit habit);
  TimeNs in_test(double from, double until);  // A time at these shares of the test days.

  const HostKind kind;
  const EstateOptions& options;
  Noise noise;
  Atlas atlas;
  Calendar calendar;
  std::vector<std::string> providers;  // Whose networks many programs use.
  std::vector<Habit> habits;
  std::vector<Spell> spells;
  std::vector<Honest> honest;
  TimeNs train_end = 0;
  TimeNs end = 0;
  std::uint32_t next_pid = 400;
};

void furnish(Plan& plan);  // Its programs and what they do.
void disturb(Plan& plan);  // Honest things that happen in the test days.
// What is not honest; spells are added to the plan, which has not been lived yet, and the rest is written down at once.
std::vector<Attack> attack(Plan& plan, HostScript& script);

}  // namespace ipm::test

// What whoever watches behaviour is told, and when.
#include "core/engine_watch.h"

#include <cstring>

namespace ipm::core {

using model::Event;
using model::FlowFacts;

std::uint32_t Engine::name_of(const model::IpAddress& address) const {
  const std::uint32_t slot = endpoints_.find(address);
  return slot == kNoSlot ? 0 : endpoints_.at(slot).name;
}

model::Place Engine::place_of(const model::IpAddress& address) const {
  const std::uint32_t slot = endpoints_.find(address);
  return slot == kNoSlot ? model::Place{} : endpoints_.at(slot).place;
}

void Engine::tell_program(std::uint32_t process, bool exec, TimeNs time) {
  const ProcessRow& row = processes_.at(process);
  if (row.app == 0) return;
  watch_->program({.app = row.app - 1,
                   .process = row.key,
                   .exec = exec,
                   .comm = {row.comm, strnlen(row.comm, sizeof row.comm)},
                   .exe = texts_.view(row.exe),
                   .ancestors = texts_.view(row.ancestors),
                   .exe_text = row.exe,
                   .key_text = apps_.at(row.app - 1).key,
                   .uid = row.uid,
                   .exe_inode = row.exe_inode,
                   .exe_dev = row.exe_dev,
                   .exe_mtime_ns = row.exe_mtime_ns},
                  time);
}

void Engine::tell_open(std::uint32_t flow, TimeNs time) {
  if (watch_ == nullptr) return;
  FlowRow& row = flows_.edit(flow);
  if (row.told || row.owner == 0 || processes_.at(row.owner - 1).app == 0) return;
  const bool listens = (row.flags & FlowRow::kListener) != 0;
  if (!listens && row.tuple.remote_port == 0) return;
  row.told = true;
  const FlowFacts facts = facts_of(flow, row.owner - 1);
  if (listens) {
    watch_->listening(facts, time);
  } else {
    watch_->opened(facts, time);
    tell_listed(flow, time);
  }
}

void Engine::note_entropy(const Event& event, std::uint32_t flow) {
  tell(flow, [&](model::BehaviourSink& watch, const FlowFacts& facts) {
    watch.entropy(facts, event.as<model::Entropy>().millibits, event.header.time_ns);
  });
}

void Engine::tell_rule(const Event& event) {
  if (watch_ == nullptr) return;
  const std::uint32_t line = texts_.of_source(event.header.source, event.as<model::OperatorRule>().text);
  watch_->rule(texts_.view(line), event.header.time_ns);
  texts_.release(line);
}

void Engine::tell_question(const Event& event, std::uint64_t flow_hash) {
  const auto answer = event.as<model::DnsAnswer>();
  const std::uint32_t flow = flow_of(event, answer.tuple, flow_hash);
  if (flow == kNoSlot) return;
  // A kernel source that tells of one answer tells of all: packets then say the same again.
  if (event.header.flow != 0) kernel_tells_dns_ = true;
  if (event.header.flow == 0 && kernel_tells_dns_ && flows_.at(flow).cookie != 0) return;
  const std::uint32_t name = texts_.of_source(event.header.source, answer.name);
  tell(flow, [&](model::BehaviourSink& watch, const FlowFacts& facts) {
    watch.asked(facts, texts_.view(name), answer.question_type, event.header.time_ns);
  });
  const std::uint32_t hit = texts_.mark_of(name);
  if (hit != 0) {
    tell(flow, [&](model::BehaviourSink& watch, const FlowFacts& facts) {
      watch.listed(facts, hits_.at(hit), true, event.header.time_ns);
    });
  }
  texts_.release(name);
}

}  // namespace ipm::core

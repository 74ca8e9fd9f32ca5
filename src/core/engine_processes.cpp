// Processes and apps: who there is, and under which key a program is known.
#include <algorithm>
#include <cstring>
#include <string>

#include "core/engine.h"
#include "model/app_key.h"

namespace ipm::core {

using model::Event;
using model::ProcessKey;

std::uint32_t Engine::ensure_process(ProcessKey key, TimeNs time, std::uint32_t likely) {
  if (key.empty()) return kNoSlot;
  std::uint32_t slot = processes_.find(key, likely);
  if (slot != kNoSlot) {
    processes_.touch(slot, now_);
    return slot;
  }
  if (processes_.full()) evict_process(processes_.victim());
  slot = processes_.add(key, now_);
  ProcessRow& row = processes_.edit(slot);
  row.uid = model::Process::kUidUnknown;
  row.activity.quality_worst = 0xff;
  row.activity.first_seen_ns = row.activity.last_seen_ns = time;
  if (key.start_ticks() != 0) row.start_ns = clock_.ticks_ns(key.start_ticks());
  set_app(slot);
  return slot;
}

void Engine::release_process_texts(ProcessRow& row) {
  for (std::uint32_t* text : {&row.exe, &row.script, &row.unit, &row.container, &row.cgroup, &row.ancestors}) {
    texts_.release(*text);
    *text = 0;
  }
}

void Engine::describe_process(const Event& event) {
  const auto facts = event.as<model::Process>();
  const ProcessKey key = event.header.process;
  if (key.empty()) {
    ++counters_.malformed;
    return;
  }
  // Without a start time the next process with this pid has the same key: a start after the exit is a new one.
  if (key.start_ticks() == 0 && event.header.kind == model::EventKind::kProcessStart) {
    const std::uint32_t before = processes_.find(key);
    if (before != kNoSlot && processes_.at(before).exited_ns != 0) processes_.forget_key(before);
  }
  const std::uint32_t slot = ensure_process(key, event.header.time_ns);
  ProcessRow& row = processes_.edit(slot);
  if (event.header.kind == model::EventKind::kProcessExec) ++row.execs;
  release_process_texts(row);
  const std::uint16_t source = event.header.source;
  row.exe = texts_.of_source(source, facts.exe);
  row.script = texts_.of_source(source, facts.script);
  row.unit = texts_.of_source(source, facts.unit);
  row.container = texts_.of_source(source, facts.container);
  row.cgroup = texts_.of_source(source, facts.cgroup);
  row.ancestors = texts_.of_source(source, facts.ancestors);
  row.cgroup_id = facts.cgroup_id;
  row.exe_inode = facts.exe_inode;
  row.exe_dev = facts.exe_dev;
  row.exe_mtime_ns = facts.exe_mtime_ns;
  row.ppid = facts.ppid;
  row.uid = facts.uid;
  row.netns = facts.netns;
  if (facts.start_ns != 0) row.start_ns = facts.start_ns;
  std::memcpy(row.comm, facts.comm, sizeof row.comm);
  row.comm[sizeof row.comm - 1] = '\0';
  row.described = true;
  row.activity.last_seen_ns = std::max(row.activity.last_seen_ns, event.header.time_ns);
  set_app(slot);
  if (watch_ != nullptr) tell_program(slot, event.header.kind == model::EventKind::kProcessExec, event.header.time_ns);
}

// Gives the process the app that its facts say; the earlier app keeps what was done under it.
void Engine::set_app(std::uint32_t process) {
  ProcessRow& row = processes_.edit(process);
  const std::string key = model::app_key({.exe = texts_.view(row.exe),
                                          .comm = {row.comm, strnlen(row.comm, sizeof row.comm)},
                                          .script = texts_.view(row.script),
                                          .unit = texts_.view(row.unit),
                                          .cgroup = texts_.view(row.cgroup),
                                          .uid = row.uid});
  texts_.retain(row.exe);
  const std::uint32_t app = ensure_app(texts_.intern(key), row.exe, now_);
  if (app == row.app) return;
  const bool running = row.exited_ns == 0;
  const std::uint32_t connections = row.activity.connections;
  if (row.app != 0) {
    AppRow& before = apps_.edit(row.app - 1);
    if (running) --before.processes;
    before.activity.connections -= std::min(before.activity.connections, connections);
    release_app(row.app);
  }
  row.app = app;
  if (app == 0) return;
  AppRow& after = apps_.edit(app - 1);
  ++after.references;
  ++after.processes_total;
  if (running) ++after.processes;
  after.activity.connections += connections;
  after.activity.unmeasured += row.activity.unmeasured;
}

std::uint32_t Engine::ensure_app(std::uint32_t key_text, std::uint32_t exe_text, TimeNs time) {
  std::uint32_t slot = key_text == 0 ? kNoSlot : apps_.find(key_text);
  if (key_text == 0 || slot != kNoSlot) {
    texts_.release(key_text);  // The row has its own reference.
    texts_.release(exe_text);
    if (slot != kNoSlot) apps_.touch(slot, time);
    return slot == kNoSlot ? 0 : slot + 1;
  }
  if (apps_.full()) {
    const std::uint32_t victim = apps_.victim(time);
    if (victim == kNoSlot) {
      ++counters_.no_room;
      texts_.release(key_text);
      texts_.release(exe_text);
      return 0;
    }
    evict_app(victim);
  }
  slot = apps_.add(key_text, time, [&](AppRow& row) {
    row.key = key_text;
    row.exe = exe_text;
    row.activity.quality_worst = 0xff;
    row.activity.first_seen_ns = row.activity.last_seen_ns = time;
  });
  apps_.edit(slot).slot = slot;
  return slot + 1;
}

void Engine::release_app(std::uint32_t app) {
  if (app != 0) --apps_.edit(app - 1).references;
}

void Engine::evict_app(std::uint32_t slot) {
  const AppRow row = apps_.at(slot);
  series_.forget(model::Holder::kApp, slot);
  if (watch_ != nullptr) watch_->forget_app(slot);
  if (baselines_ != nullptr) baselines_->forget_app(slot);
  std::vector<std::uint32_t>& heads = remote_heads_[static_cast<std::size_t>(model::Holder::kApp)];
  if (slot < heads.size()) remotes_.forget(heads[slot]);
  apps_.remove(slot);
  texts_.release(row.key);
  texts_.release(row.exe);
  ++counters_.apps_evicted;
}

void Engine::end_process(const Event& event) {
  const std::uint32_t slot = processes_.find(event.header.process);
  if (slot == kNoSlot || processes_.at(slot).exited_ns != 0) return;
  ProcessRow& row = processes_.edit(slot);
  row.exited_ns = std::max<TimeNs>(event.header.time_ns, 1);
  row.activity.last_seen_ns = std::max(row.activity.last_seen_ns, event.header.time_ns);
  if (last_loss_ns_ != 0 && last_loss_ns_ >= row.activity.first_seen_ns) row.activity.coverage |= model::kLostEvents;
  if (row.app != 0) --apps_.edit(row.app - 1).processes;
  processes_.bury(slot, now_);
}

void Engine::sample_process(const Event& event) {
  const std::uint32_t slot = processes_.find(event.header.process);
  if (slot == kNoSlot) return;
  const auto sample = event.as<model::ProcessSample>();
  ProcessRow& row = processes_.edit(slot);
  if ((sample.measured & model::ProcessSample::kCpu) != 0) {
    note_cpu(row, sample.cpu_ns);
    row.cpu_ns = sample.cpu_ns;
  }
  if ((sample.measured & model::ProcessSample::kRss) != 0) row.rss_bytes = sample.rss_bytes;
  if ((sample.measured & model::ProcessSample::kIo) != 0) {
    row.read_bytes = sample.read_bytes;
    row.write_bytes = sample.write_bytes;
  }
  row.sampled |= sample.measured;
}

void Engine::note_frames(const Event& event) {
  const std::uint32_t process = ensure_process(event.header.process, event.header.time_ns);
  if (process == kNoSlot) return;
  const std::uint64_t bytes = event.as<model::FrameData>().tx_bytes;
  ProcessRow& row = processes_.edit(process);
  row.activity.frame_tx_bytes += bytes;
  row.activity.last_seen_ns = std::max(row.activity.last_seen_ns, event.header.time_ns);
  if (row.app != 0) apps_.edit(row.app - 1).activity.frame_tx_bytes += bytes;
}

void Engine::evict_process(std::uint32_t slot) {
  if (listener_ != nullptr) listener_->process_evicted(processes_.at(slot));
  OwnerList& owned = processes_.flows(slot);
  while (!owned.empty()) {
    const std::uint32_t flow_slot = owned.front().slot;
    owned.pop_front();
    FlowRow& flow = flows_.edit(flow_slot);
    flow.owner = 0;  // owner_ref still says who it was.
    flow.rule = Rule::kEvicted;
    ++ledger_.unattributed_flows;
  }
  ProcessRow& row = processes_.edit(slot);
  for (std::uint32_t i = 0; i < model::kByteLayers; ++i) {
    ledger_.by_layer[i].attributed.subtract(row.activity.by_layer[i]);
    ledger_.by_layer[i].evicted.add(row.activity.by_layer[i]);
  }
  if (row.app != 0) {
    AppRow& app = apps_.edit(row.app - 1);
    if (row.exited_ns == 0) --app.processes;
    app.activity.connections -= std::min(app.activity.connections, row.activity.connections);
    app.activity.coverage |= model::kEvictedPart;
    release_app(row.app);
  }
  release_process_texts(row);
  series_.forget(model::Holder::kProcess, slot);
  std::vector<std::uint32_t>& heads = remote_heads_[static_cast<std::size_t>(model::Holder::kProcess)];
  if (slot < heads.size()) remotes_.forget(heads[slot]);
  processes_.remove(slot);
  ++counters_.processes_evicted;
}

}  // namespace ipm::core

#include "monitor.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include <pybind11/stl.h>

#include "raise.h"

namespace py = pybind11;

namespace ipm_py {
namespace {

constexpr const char* kClosed = "the monitor is closed";
constexpr std::int64_t kStep = 100 * IPM_MS;  // How long one step waits at most: between two, signals are looked at.

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

// Texts of alerts are valid UTF-8.
py::object text_or_none(const char* text) {
  if (text == nullptr || *text == '\0') return py::none();
  return py::str(text);
}

template <typename T>
py::object number_or_none(T value) {
  if (value == 0) return py::none();
  return py::int_(value);
}

py::dict bound_dict(const ipm_bound_stats& bound) {
  py::dict out;
  out["used"] = bound.used;
  out["max"] = bound.max;
  out["high_water"] = bound.high_water;
  out["evicted"] = bound.evicted;
  return out;
}

}  // namespace

py::dict alert_dict(const ipm_alert& alert) {
  static constexpr const char* kChanges[] = {"opened", "updated", "escalated", "closed"};
  static constexpr const char* kSeverities[] = {"info", "low", "medium", "high"};
  py::dict out;
  out["id"] = alert.id;
  out["sequence"] = alert.sequence;
  out["change"] = kChanges[alert.change & 3];
  out["time_ns"] = alert.time_ns;
  out["opened_ns"] = alert.opened_ns;
  out["since_ns"] = alert.since_ns;
  out["kind"] = alert.kind;
  out["title"] = alert.title;
  out["severity"] = kSeverities[alert.severity & 3];
  out["score"] = alert.score;
  out["metric"] = alert.metric;
  out["value"] = alert.value;
  out["expected_low"] = alert.expected_low;
  out["expected_high"] = alert.expected_high;
  out["samples"] = alert.samples;
  out["evidence"] = alert.evidence;
  out["techniques"] = py::str(alert.techniques).attr("split")();
  out["pid"] = number_or_none(alert.process >> 42);
  out["start_ticks"] = number_or_none(alert.process & 0x3ffffffffffULL);
  out["comm"] = text_or_none(alert.comm);
  out["exe"] = text_or_none(alert.exe);
  out["app"] = text_or_none(alert.app);
  out["remote_addr"] = text_or_none(alert.remote_addr);
  out["remote_port"] = number_or_none(alert.remote_port);
  out["remote_name"] = text_or_none(alert.remote_name);
  out["country"] = text_or_none(alert.country);
  out["asn"] = number_or_none(alert.asn);
  out["feed"] = text_or_none(alert.feed);
  out["indicator"] = text_or_none(alert.indicator);
  out["listed_ns"] = number_or_none(alert.listed_ns);
  out["threshold"] = text_or_none(alert.threshold);
  out["verdict"] = text_or_none(alert.verdict);
  out["notified"] = alert.notified != 0;
  out["drill"] = alert.drill != 0;
  out["changes_lost"] = alert.changes_lost;
  return out;
}

struct Monitor::CallableSource {
  Monitor* monitor;
  py::object poll;
};

Monitor::Monitor(const std::string& settings, bool threads, std::uint64_t memory_max_bytes) : pid_(getpid()) {
  ipm_monitor_options options{};
  options.struct_size = sizeof options;
  options.threads = threads ? IPM_THREADS_AUTO : IPM_THREADS_NONE;
  options.memory_max_bytes = memory_max_bytes;
  options.settings = settings.c_str();
  ipm_monitor* opened = nullptr;
  check_unlocked([&] { return ipm_monitor_open(&opened, &options); });
  monitor_ = opened;
}

Monitor::~Monitor() {
  close_quietly();
}

void Monitor::close_quietly() noexcept {
  try {
    close();
  } catch (...) {
    PyErr_Clear();  // What the thread of start() met, and nobody asked for.
  }
}

void Monitor::close() {
  if (monitor_ == nullptr) return;
  if (getpid() != pid_) {  // A forked child: the thread is not here, and whoever held the locks is not, either.
    (void)runner_.release();
    (void)lock_.release();
    (void)in_use_.release();
    ipm_monitor_close(monitor_.exchange(nullptr));
    return;
  }
  must_not_be_within_a_callback();
  std::exception_ptr met;
  try {
    if (running()) stop();
  } catch (...) {
    met = std::current_exception();
  }
  for (const std::weak_ptr<Lane>& lane : lanes_) {
    if (const std::shared_ptr<Lane> open = lane.lock()) open->close();
  }
  {
    py::gil_scoped_release unlocked;
    std::unique_lock nobody(*in_use_);
    ipm_monitor_close(monitor_.exchange(nullptr));
  }
  callable_sources_.clear();
  sink_ = py::object();
  if (met) std::rethrow_exception(met);
}

void Monitor::must_be_ours() const {
  if (getpid() != pid_) {
    raise(IPM_ERR_FORKED, "this monitor belongs to the parent of this forked process: open another");
  }
  if (monitor_ == nullptr) raise(IPM_ERR_STATE, kClosed);
}

void Monitor::must_not_be_within_a_callback() const {
  if (lock_->mine()) raise(IPM_ERR_STATE, "a sink, or a source of one's own, must not do this: it runs within a step");
}

template <typename Call>
ipm_status Monitor::beside(Call&& call) {
  must_be_ours();
  ipm_status status = IPM_OK;
  std::string message;
  {
    py::gil_scoped_release unlocked;
    std::shared_lock used(*in_use_, std::defer_lock);
    if (!lock_->mine()) used.lock();  // Within a step of this thread it is held.
    ipm_monitor* monitor = monitor_;
    status = monitor == nullptr ? static_cast<ipm_status>(IPM_ERR_STATE) : call(monitor);
    if (status < 0) message = monitor == nullptr ? kClosed : ipm_last_error();
  }
  if (status < 0) raise(status, message.c_str());
  return status;
}

template <typename Call>
ipm_status Monitor::on_turn(Call&& call) {
  if (lock_->mine()) return beside(call);  // A sink that says a rule.
  return beside([&](ipm_monitor* monitor) {
    const StepLock::Turn turn(*lock_, false, [&] { ipm_monitor_interrupt(monitor); });
    return call(monitor);
  });
}

void Monitor::add_source(const std::string& uri) {
  must_be_ours();
  must_not_be_within_a_callback();
  on_turn([&](ipm_monitor* m) { return ipm_monitor_add_source(m, uri.c_str()); });
  ended_ = false;
}

void Monitor::add_callable_source(const std::string& name, bool live, py::object poll) {
  must_be_ours();
  must_not_be_within_a_callback();
  callable_sources_.push_back(std::make_unique<CallableSource>(CallableSource{this, std::move(poll)}));
  CallableSource* user = callable_sources_.back().get();
  ipm_source_vtable vtable{};
  vtable.struct_size = sizeof vtable;
  vtable.live = live ? 1 : 0;
  vtable.name = name.c_str();
  vtable.poll = &Monitor::poll_callable;
  on_turn([&](ipm_monitor* m) { return ipm_monitor_add_custom_source(m, &vtable, user); });
  ended_ = false;
}

std::shared_ptr<Lane> Monitor::add_lane(const std::string& name, std::uint32_t capacity) {
  must_be_ours();
  must_not_be_within_a_callback();
  ipm_lane* lane = nullptr;
  on_turn([&](ipm_monitor* m) { return ipm_monitor_add_lane(m, name.c_str(), capacity, &lane); });
  ended_ = false;
  auto out = std::make_shared<Lane>(lane, true);
  lanes_.push_back(out);
  return out;
}

ipm_status Monitor::step(std::int64_t timeout_ns) {
  must_be_ours();
  must_not_be_within_a_callback();
  const ipm_status status = on_turn([&](ipm_monitor* m) { return ipm_monitor_step(m, timeout_ns); });
  throw_kept();
  ended_ = status == IPM_END;
  return status;
}

// Of the thread of start(), which has no GIL. stop() comes before close().
ipm_status Monitor::turn_of_runner() {
  const StepLock::Turn turn(*lock_, true, [] {});
  return ipm_monitor_step(monitor_, kStep);
}

ipm_status Monitor::run(std::int64_t duration_ns) {
  must_be_ours();
  must_not_be_within_a_callback();
  if (running()) raise(IPM_ERR_STATE, "start() steps this monitor already: stop() first");
  const std::int64_t begin = now_ns();
  ipm_status status = IPM_OK;
  std::int64_t looked = 0;
  while (status != IPM_END) {
    const std::int64_t now = now_ns();
    const std::int64_t left = duration_ns < 0 ? kStep : duration_ns - (now - begin);
    if (left <= 0) {
      status = IPM_TIMEOUT;
      break;
    }
    if (now - looked > kStep / 2) {
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      looked = now;
    }
    status = on_turn([&](ipm_monitor* m) { return ipm_monitor_step(m, std::min(left, kStep)); });
    throw_kept();
  }
  ended_ = status == IPM_END;
  flush();
  return status;
}

void Monitor::run_in_background() {
  ipm_status status = IPM_OK;
  while (!stopping_ && status >= 0 && status != IPM_END) status = turn_of_runner();
  if (status < 0) {
    const std::string message = ipm_last_error();
    py::gil_scoped_acquire locked;
    try {
      raise(status, message.c_str());
    } catch (...) {
      if (!error_) error_ = std::current_exception();
    }
  }
  if (!stopping_) ended_ = true;
}

void Monitor::start() {
  must_be_ours();
  must_not_be_within_a_callback();
  if (running()) raise(IPM_ERR_STATE, "the monitor runs already");
  stopping_ = false;
  ended_ = false;
  runner_ = std::make_unique<std::thread>([this] { run_in_background(); });
}

void Monitor::stop() {
  must_be_ours();
  must_not_be_within_a_callback();
  const std::unique_ptr<std::thread> runner = std::move(runner_);  // Who comes second has nothing to wait for.
  if (!runner) return;
  {
    py::gil_scoped_release unlocked;
    stopping_ = true;
    ipm_monitor_interrupt(monitor_);
    runner->join();
  }
  throw_kept();
  flush();
}

void Monitor::flush() {
  must_not_be_within_a_callback();
  on_turn([](ipm_monitor* m) { return ipm_monitor_flush(m); });
  throw_kept();
}

void Monitor::interrupt() {
  beside([](ipm_monitor* m) { return ipm_monitor_interrupt(m); });
}

void Monitor::record(const char* path) {
  on_turn([&](ipm_monitor* m) { return ipm_monitor_record(m, path); });
}

void Monitor::rule(const std::string& line) {
  on_turn([&](ipm_monitor* m) { return ipm_monitor_rule(m, line.c_str()); });
}

void Monitor::import_baselines(const std::string& path) {
  must_not_be_within_a_callback();
  on_turn([&](ipm_monitor* m) { return ipm_monitor_import_baselines(m, path.c_str()); });
}

void Monitor::export_baselines(const std::string& path) {
  on_turn([&](ipm_monitor* m) { return ipm_monitor_export_baselines(m, path.c_str()); });
}

py::object Monitor::next_alert() {
  ipm_alert alert{};
  alert.struct_size = sizeof alert;
  py::object out = py::none();
  on_turn([&](ipm_monitor* m) {
    const ipm_status status = ipm_monitor_next_alert(m, &alert);
    if (status == IPM_OK) {  // Its texts are good as long as it is this thread's turn.
      py::gil_scoped_acquire locked;
      out = alert_dict(alert);
    }
    return status;
  });
  return out;
}

void Monitor::set_alert_sink(const py::object& sink) {
  const bool none = sink.is_none();
  if (!none) sink_ = sink;
  on_turn(
      [&](ipm_monitor* m) { return ipm_monitor_set_alert_callback(m, none ? nullptr : &Monitor::alert_heard, this); });
  if (none) sink_ = py::object();
}

void Monitor::alert_heard(const ipm_alert* alert, void* user) {
  auto* self = static_cast<Monitor*>(user);
  py::gil_scoped_acquire locked;
  try {
    py::object sink = self->sink_;
    if (sink) sink(alert_dict(*alert));
  } catch (...) {
    self->keep_error();
  }
}

ipm_status Monitor::poll_callable(void* user, ipm_lane* out, std::int64_t /*timeout_ns*/) {
  auto* source = static_cast<CallableSource*>(user);
  py::gil_scoped_acquire locked;
  try {
    const auto lane = std::make_shared<Lane>(out, false);
    struct Close {
      Lane& lane;
      ~Close() { lane.close(); }  // Whoever has kept it finds it closed.
    } close{*lane};
    const py::object answer = source->poll(lane);
    if (answer.is_none()) return IPM_END;
    return answer.cast<bool>() ? IPM_OK : IPM_TIMEOUT;
  } catch (...) {
    source->monitor->keep_error();
    return IPM_END;
  }
}

void Monitor::keep_error() noexcept {
  if (!error_) error_ = std::current_exception();
}

void Monitor::throw_kept() {
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

std::shared_ptr<Stream> Monitor::table(const std::string& name, const std::string& filter,
                                       const std::vector<std::string>& values) {
  std::vector<const char*> bound;
  bound.reserve(values.size());
  for (const std::string& value : values) bound.push_back(value.c_str());
  ArrowArrayStream stream{};
  beside([&](ipm_monitor* monitor) {
    ipm_cursor* cursor = nullptr;
    ipm_status status = ipm_cursor_open(&cursor, monitor, name.c_str(), filter.c_str(), bound.data(),
                                        static_cast<std::uint32_t>(bound.size()));
    if (status == IPM_OK) status = ipm_cursor_arrow(cursor, &stream);
    ipm_cursor_close(cursor);
    return status;
  });
  return std::make_shared<Stream>(stream);
}

py::dict Monitor::stats() {
  ipm_monitor_stats s{};
  s.struct_size = sizeof s;
  beside([&](ipm_monitor* m) { return ipm_monitor_get_stats(m, &s); });
  py::dict out;
  const auto put = [&](const char* name, std::uint64_t value) { out[name] = value; };
  put("sources", s.sources);
  put("events", s.events);
  put("events_late", s.events_late);
  put("events_unknown", s.events_unknown);
  put("events_dropped", s.events_dropped);
  put("memory_bytes", s.memory_bytes);
  put("memory_max_bytes", s.memory_max_bytes);
  put("memory_high_water", s.memory_high_water);
  put("snapshots_open", s.snapshots_open);
  put("snapshots_revoked", s.snapshots_revoked);
  put("recorded_events", s.recorded_events);
  put("recorded_bytes", s.recorded_bytes);
  put("data_other_layer", s.data_other_layer);
  put("rows_refused", s.rows_refused);
  put("intel_indicators", s.intel_indicators);
  put("intel_bytes", s.intel_bytes);
  put("enrich_reloads", s.enrich_reloads);
  put("enrich_reloads_failed", s.enrich_reloads_failed);
  put("baselines_refused", s.baselines_refused);
  put("alert_changes_lost", s.alert_changes_lost);
  put("rules_refused", s.rules_refused);
  put("programs_evicted", s.programs_evicted);
  put("pairs_evicted", s.pairs_evicted);
  const std::pair<const char*, const ipm_bound_stats&> bounds[] = {
      {"flows", s.flows},         {"processes", s.processes},
      {"apps", s.apps},           {"endpoints", s.endpoints},
      {"remotes", s.remotes},     {"series_blocks", s.series_blocks},
      {"texts", s.texts},         {"interfaces", s.interfaces},
      {"baselines", s.baselines}, {"alerts", s.alerts},
      {"clues", s.clues}};
  for (const auto& [name, bound] : bounds) out[name] = bound_dict(bound);
  return out;
}

py::list Monitor::sources() {
  static constexpr const char* kStates[] = {"open", "reduced", "ended", "failed"};
  py::list out;
  for (std::uint32_t index = 0;; ++index) {
    bool there = false;
    on_turn([&](ipm_monitor* m) {
      ipm_source_info info{};
      info.struct_size = sizeof info;
      const ipm_status status = ipm_source_status(m, index, &info);
      if (status == IPM_ERR_NOT_FOUND) return static_cast<ipm_status>(IPM_END);
      if (status < 0) return status;
      there = true;
      py::gil_scoped_acquire locked;
      py::dict row;
      row["name"] = info.name;
      row["uri"] = info.uri;
      row["state"] = kStates[(info.state - 1) & 3];
      row["missing"] = py::str(info.missing).attr("splitlines")();
      row["received"] = info.received;
      row["written"] = info.written;
      row["filtered"] = info.filtered;
      row["dropped"] = info.dropped;
      row["malformed"] = info.malformed;
      row["lost"] = info.lost;
      out.append(row);
      return status;
    });
    if (!there) return out;
  }
}

std::int32_t Monitor::fd() {
  return beside([](ipm_monitor* m) { return ipm_monitor_fd(m); });
}

std::int64_t Monitor::time_ns() {
  std::int64_t time = 0;
  beside([&](ipm_monitor* m) {
    ipm_cursor* cursor = nullptr;
    const ipm_status status = ipm_cursor_open(&cursor, m, "sources", "limit = 0", nullptr, 0);
    if (status == IPM_OK) time = ipm_cursor_time_ns(cursor);
    ipm_cursor_close(cursor);
    return status;
  });
  return time;
}

void Monitor::with_turn(const std::function<ipm_status(ipm_monitor*)>& call) {
  on_turn([&](ipm_monitor* m) { return call(m); });
}

void bind_monitor(py::module_& module) {
  py::class_<Monitor>(module, "Monitor")
      .def(py::init<const std::string&, bool, std::uint64_t>(), py::arg("settings") = "", py::arg("threads") = false,
           py::arg("memory_max_bytes") = 0)
      .def("close", &Monitor::close)
      .def_property_readonly("closed", &Monitor::closed)
      .def("add_source", &Monitor::add_source, py::arg("uri"))
      .def("add_callable_source", &Monitor::add_callable_source, py::arg("name"), py::arg("live"), py::arg("poll"))
      .def("add_lane", &Monitor::add_lane, py::arg("name"), py::arg("capacity") = 0)
      .def("step", &Monitor::step, py::arg("timeout_ns"))
      .def("run", &Monitor::run, py::arg("duration_ns") = -1)
      .def("start", &Monitor::start)
      .def("stop", &Monitor::stop)
      .def_property_readonly("running", &Monitor::running)
      .def_property_readonly("ended", &Monitor::ended)
      .def("flush", &Monitor::flush)
      .def("interrupt", &Monitor::interrupt)
      .def(
          "record", [](Monitor& self, std::optional<std::string> path) { self.record(path ? path->c_str() : nullptr); },
          py::arg("path"))
      .def("rule", &Monitor::rule, py::arg("line"))
      .def("import_baselines", &Monitor::import_baselines, py::arg("path"))
      .def("export_baselines", &Monitor::export_baselines, py::arg("path"))
      .def("next_alert", &Monitor::next_alert)
      .def("set_alert_sink", &Monitor::set_alert_sink, py::arg("sink"))
      .def("table", &Monitor::table, py::arg("name"), py::arg("filter") = "",
           py::arg("values") = std::vector<std::string>())
      .def("stats", &Monitor::stats)
      .def("sources", &Monitor::sources)
      .def("fd", &Monitor::fd)
      .def("time_ns", &Monitor::time_ns);
}

}  // namespace ipm_py

/// C++20 over the C functions: objects that close themselves, exceptions instead of statuses, rows in a range-for.
///
///   ipm::Monitor monitor;
///   monitor.add_source("auto:");
///   monitor.step(3 * IPM_S);
///   for (ipm::Row row : monitor.table("processes", "order_by = tx_rate desc\nlimit = 5"))
///     std::cout << row.text("comm").value_or("?") << '\n';
///
/// Everything here is inline: only the C ABI is linked.
#ifndef IPM_IPM_HPP
#define IPM_IPM_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ipm/ipm.h>

namespace ipm {
// A name of its own for the linker, so that nothing here can meet the inside of libipm.a.
inline namespace cxx {

/// A call that failed, with the message of ipm_last_error().
class Error : public std::runtime_error {
 public:
  explicit Error(ipm_status status) : Error(status, ipm_last_error()) {}
  Error(ipm_status status, const std::string& message) : std::runtime_error(message), status_(status) {}
  ipm_status status() const noexcept { return status_; }

 private:
  ipm_status status_;
};

/// Passes success and outcomes on; throws Error for an error.
inline ipm_status check(ipm_status status) {
  if (status < 0) throw Error(status);
  return status;
}

/// The row that a cursor stands on. A cell that could not be measured is nullopt. Texts live until the next row.
class Row {
 public:
  explicit Row(const ipm_cursor* cursor) : cursor_(cursor) {}

  std::uint32_t column(const char* name) const {
    std::uint32_t index = 0;
    check(ipm_cursor_column(cursor_, name, &index));
    return index;
  }
  bool is_null(std::uint32_t column) const { return check(ipm_cursor_is_null(cursor_, column)) == 1; }
  bool is_null(const char* name) const { return is_null(column(name)); }

  /// A whole number, a time (nanoseconds since 1970) or a bool.
  std::optional<std::int64_t> integer(std::uint32_t column) const {
    std::int64_t value = 0;
    if (check(ipm_cursor_int64(cursor_, column, &value)) == IPM_NULL) return std::nullopt;
    return value;
  }
  std::optional<std::int64_t> integer(const char* name) const { return integer(column(name)); }

  /// Any number as a double.
  std::optional<double> number(std::uint32_t column) const {
    double value = 0;
    if (check(ipm_cursor_double(cursor_, column, &value)) == IPM_NULL) return std::nullopt;
    return value;
  }
  std::optional<double> number(const char* name) const { return number(column(name)); }

  std::optional<std::string_view> text(std::uint32_t column) const {
    const char* value = nullptr;
    std::size_t bytes = 0;
    if (check(ipm_cursor_text(cursor_, column, &value, &bytes)) == IPM_NULL) return std::nullopt;
    return std::string_view(value, bytes);
  }
  std::optional<std::string_view> text(const char* name) const { return text(column(name)); }

 private:
  const ipm_cursor* cursor_;
};

/// Rows of a table, once through. Error with IPM_ERR_EXPIRED: the snapshot was revoked, open it again.
class Cursor {
 public:
  explicit Cursor(ipm_cursor* owned) : cursor_(owned) {}

  /// True: row() is the next row; false: there are no more.
  bool next() { return check(ipm_cursor_next(get())) == IPM_OK; }
  Row row() const { return Row(get()); }
  std::uint32_t column_count() const { return ipm_cursor_column_count(get()); }
  ipm_column_info describe(std::uint32_t column) const {
    ipm_column_info info{};
    info.struct_size = sizeof info;
    if (check(ipm_cursor_describe(get(), column, &info)) == IPM_END) throw std::out_of_range("column");
    return info;
  }
  std::int64_t time_ns() const { return ipm_cursor_time_ns(get()); }
  ipm_cursor* get() const noexcept { return cursor_.get(); }

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Row;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(Cursor& cursor) : cursor_(&cursor) { ++*this; }
    Row operator*() const { return cursor_->row(); }
    Iterator& operator++() {
      at_end_ = !cursor_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const noexcept { return at_end_; }

   private:
    Cursor* cursor_;
    bool at_end_ = false;
  };
  Iterator begin() { return Iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  struct Close {
    void operator()(ipm_cursor* cursor) const noexcept { ipm_cursor_close(cursor); }
  };
  std::unique_ptr<ipm_cursor, Close> cursor_;
};

class Monitor {
 public:
  struct Options {
    std::int32_t threads = IPM_THREADS_NONE;
    std::uint64_t memory_max_bytes = 0;  ///< 0: the default.
    std::string settings;                ///< "key = value" lines.
  };

  Monitor() : Monitor(Options()) {}
  explicit Monitor(const Options& options) {
    ipm_monitor_options raw{};
    raw.struct_size = sizeof raw;
    raw.threads = options.threads;
    raw.memory_max_bytes = options.memory_max_bytes;
    raw.settings = options.settings.c_str();
    ipm_monitor* opened = nullptr;
    check(ipm_monitor_open(&opened, &raw));
    monitor_.reset(opened);
  }

  void add_source(const std::string& uri) { check(ipm_monitor_add_source(get(), uri.c_str())); }
  /// IPM_OK, IPM_TIMEOUT or IPM_END.
  ipm_status step(std::int64_t timeout_ns) { return check(ipm_monitor_step(get(), timeout_ns)); }
  void flush() { check(ipm_monitor_flush(get())); }
  void interrupt() { check(ipm_monitor_interrupt(get())); }
  /// nullptr ends the recording.
  void record(const char* path) { check(ipm_monitor_record(get(), path)); }

  /// `values` are what ?1, ?2 … of the filter stand for.
  Cursor table(const char* name, const std::string& filter = {}, std::initializer_list<const char*> values = {}) {
    ipm_cursor* opened = nullptr;
    check(ipm_cursor_open(&opened, get(), name, filter.c_str(), values.begin(),
                          static_cast<std::uint32_t>(values.size())));
    return Cursor(opened);
  }

  /// Baselines of apps from and to a file.
  void import_baselines(const std::string& path) { check(ipm_monitor_import_baselines(get(), path.c_str())); }
  void export_baselines(const std::string& path) { check(ipm_monitor_export_baselines(get(), path.c_str())); }
  /// What became of the file that the setting baselines_path names; the message is borrowed until the next call.
  ipm_baselines_file baselines_file() {
    ipm_baselines_file out{};
    out.struct_size = sizeof out;
    check(ipm_monitor_baselines_file(get(), &out));
    return out;
  }

  /// The oldest change of an alert that nobody has taken; texts are borrowed until the next call.
  std::optional<ipm_alert> next_alert() {
    ipm_alert out{};
    out.struct_size = sizeof out;
    return check(ipm_monitor_next_alert(get(), &out)) == IPM_OK ? std::optional<ipm_alert>(out) : std::nullopt;
  }

  /// Hears of each change of an alert within step() and flush(), and takes it: next_alert() finds none. Texts are
  /// borrowed for the time of the call, which must not throw. Empty: changes wait again. See
  /// ipm_monitor_set_alert_callback().
  void on_alert(std::function<void(const ipm_alert&)> heard) {
    auto kept = std::make_unique<std::function<void(const ipm_alert&)>>(std::move(heard));
    check(ipm_monitor_set_alert_callback(get(), *kept ? &tell : nullptr, kept.get()));
    heard_ = std::move(kept);
  }

  /// What an operator says of alerts: "suppress kind=beacon app=…"; see ipm_monitor_rule().
  void rule(const std::string& line) { check(ipm_monitor_rule(get(), line.c_str())); }

  ipm_monitor_stats stats() const {
    ipm_monitor_stats out{};
    out.struct_size = sizeof out;
    check(ipm_monitor_get_stats(get(), &out));
    return out;
  }

  /// Texts are borrowed until the next call of sources().
  std::vector<ipm_source_info> sources() const {
    std::vector<ipm_source_info> out;
    for (std::uint32_t index = 0;; ++index) {
      ipm_source_info info{};
      info.struct_size = sizeof info;
      const ipm_status status = ipm_source_status(get(), index, &info);
      if (status == IPM_ERR_NOT_FOUND) return out;
      check(status);
      out.push_back(info);
    }
  }

  ipm_monitor* get() const noexcept { return monitor_.get(); }

 private:
  struct Close {
    void operator()(ipm_monitor* monitor) const noexcept { ipm_monitor_close(monitor); }
  };
  static void tell(const ipm_alert* alert, void* heard) noexcept {
    (*static_cast<std::function<void(const ipm_alert&)>*>(heard))(*alert);
  }
  std::unique_ptr<std::function<void(const ipm_alert&)>> heard_;  // Before the monitor, which calls it.
  std::unique_ptr<ipm_monitor, Close> monitor_;
};

/// All kinds of alerts; texts are static.
inline std::vector<ipm_alert_kind_info> alert_kinds() {
  std::vector<ipm_alert_kind_info> out;
  ipm_alert_kind_info info{};
  info.struct_size = sizeof info;
  while (check(ipm_alert_kind_describe(static_cast<std::uint32_t>(out.size()), &info)) == IPM_OK) out.push_back(info);
  return out;
}

/// All incidents of the source drill:; texts are static.
inline std::vector<ipm_drill_info> drills() {
  std::vector<ipm_drill_info> out;
  ipm_drill_info info{};
  info.struct_size = sizeof info;
  while (check(ipm_drill_describe(static_cast<std::uint32_t>(out.size()), &info)) == IPM_OK) out.push_back(info);
  return out;
}

/// A capture file in packet view. Needs no monitor.
class Capture {
 public:
  /// "-": standard input. `settings`: "key = value" lines of ipm_capture_open().
  explicit Capture(const std::string& path, const std::string& settings = {}) {
    ipm_capture* opened = nullptr;
    check(ipm_capture_open(&opened, path.c_str(), settings.c_str()));
    capture_.reset(opened);
  }

  /// IPM_OK, IPM_TIMEOUT or IPM_END.
  ipm_status read(std::uint32_t packets_max, std::int64_t timeout_ns) {
    return check(ipm_capture_read(get(), packets_max, timeout_ns));
  }
  /// "flows", "ended_flows" or "names"; good until the next read().
  Cursor table(const char* name, const std::string& filter = {}) {
    ipm_cursor* opened = nullptr;
    check(ipm_capture_cursor(&opened, get(), name, filter.c_str(), nullptr, 0));
    return Cursor(opened);
  }
  /// Texts are borrowed until the next call.
  ipm_capture_stats stats() {
    ipm_capture_stats out{};
    out.struct_size = sizeof out;
    check(ipm_capture_get_stats(get(), &out));
    return out;
  }

  ipm_capture* get() const noexcept { return capture_.get(); }

 private:
  struct Close {
    void operator()(ipm_capture* capture) const noexcept { ipm_capture_close(capture); }
  };
  std::unique_ptr<ipm_capture, Close> capture_;
};

/// Scores of any series of numbers. Needs no monitor.
class Scorer {
 public:
  struct Options {
    std::uint32_t metrics = 1;       ///< Values per sample.
    bool log_scale = false;          ///< For bytes and counts that span decades.
    std::uint32_t hold_samples = 0;  ///< 0: the default.
    double threshold = 0;            ///< 0: the default.
    double resolution = 0;           ///< Differences below it do not matter.
  };

  Scorer() : Scorer(Options()) {}
  explicit Scorer(const Options& options) {
    ipm_scorer_options raw{};
    raw.struct_size = sizeof raw;
    raw.metrics = options.metrics;
    raw.log_scale = options.log_scale ? 1 : 0;
    raw.hold_samples = options.hold_samples;
    raw.threshold = options.threshold;
    raw.resolution = options.resolution;
    ipm_scorer* opened = nullptr;
    check(ipm_scorer_open(&opened, &raw));
    scorer_.reset(opened);
  }

  /// A score of 0 when every value is missing (NaN).
  ipm_score update(std::int64_t time_ns, std::int32_t utc_offset_s, const std::vector<double>& values) {
    ipm_score out{};
    out.struct_size = sizeof out;
    check(ipm_scorer_update(get(), time_ns, utc_offset_s, values.data(), static_cast<std::uint32_t>(values.size()),
                            &out));
    return out;
  }
  /// Of one metric at the last update.
  ipm_score metric(std::uint32_t index) const {
    ipm_score out{};
    out.struct_size = sizeof out;
    check(ipm_scorer_metric(get(), index, &out));
    return out;
  }
  void accept() { check(ipm_scorer_accept(get())); }

  ipm_scorer* get() const noexcept { return scorer_.get(); }

 private:
  struct Close {
    void operator()(ipm_scorer* scorer) const noexcept { ipm_scorer_close(scorer); }
  };
  std::unique_ptr<ipm_scorer, Close> scorer_;
};

}  // namespace cxx
}  // namespace ipm

#endif  // IPM_IPM_HPP

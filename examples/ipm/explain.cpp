// An alert of a run, or a kind of alert, explained: what it means, why it came, what to look at next.
#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <ipm/ipm.hpp>

#include "commands.h"
#include "output.h"
#include "run.h"
#include "text.h"

namespace cli {
namespace {

constexpr std::size_t kColumnsMax = 100;  // Longer lines are hard to read.

std::size_t page_columns() {
  const std::size_t terminal = terminal_size().columns;
  return terminal == 0 ? kColumnsMax : std::clamp<std::size_t>(terminal, 40, kColumnsMax);
}

std::string line(const std::string& name, std::string_view text) {
  return text.empty() ? std::string() : paragraph("  " + name, text, 14, page_columns());
}

ipm_alert_kind_info kind_named(std::string_view name) {
  const std::vector<ipm_alert_kind_info> all = ipm::alert_kinds();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.kind == name; });
  if (found != all.end()) return *found;
  std::string message = "explain: \"" + std::string(name) + "\" is no number of an alert and no kind; there are";
  for (const ipm_alert_kind_info& each : all) message += std::string(&each == all.data() ? " " : ", ") + each.kind;
  throw ipm::Error(IPM_ERR_INVALID_ARGUMENT, message);
}

// "T1041 Exfiltration Over C2 Channel", one for each.
std::vector<std::string> techniques_of(const ipm_alert_kind_info& kind) {
  std::vector<std::string> out;
  std::istringstream words(kind.techniques);
  for (std::string word; words >> word;) {
    const char* name = ipm_technique_name(word.c_str());
    out.push_back(word + (name == nullptr ? "" : " " + std::string(name)));
  }
  return out;
}

std::string joined(const std::vector<std::string>& texts, const char* between) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : between) + text;
  return out;
}

// The rule (docs/alerts.md) by which nobody is told of alerts like that.
std::string suppression(const ipm::Row& row) {
  std::string out = "suppress kind=" + std::string(*row.text("kind"));
  if (const auto app = row.text("app")) out += " app=" + quoted_text(*app);
  if (const auto remote = row.text("remote_addr")) out += " remote=" + std::string(*remote);
  if (const auto port = row.integer("remote_port")) out += " port=" + std::to_string(*port);
  if (const auto threshold = row.text("threshold")) out += " threshold=" + std::string(*threshold);
  return out;
}

std::string suppression(const ipm_alert_kind_info& kind) {
  return "suppress kind=" + std::string(kind.kind) + " app=PROGRAM";
}

std::string kind_page(const ipm_alert_kind_info& kind, const std::string& rule) {
  std::string out = line("means", kind.means) + line("computed", kind.computed) + line("check", kind.check) +
                    line("tune", kind.tune) + "  rule        " + rule + "\n";  // In one line, to be copied.
  const char* name = "techniques";
  for (const std::string& technique : techniques_of(kind)) {
    out += line(name, technique);
    name = "";
  }
  return out;
}

// The parts of a kind that the table `alerts` has no column for.
std::vector<std::pair<std::string, std::string>> kind_parts(const ipm_alert_kind_info& kind, const std::string& rule) {
  return {{"technique_names", joined(techniques_of(kind), "; ")},
          {"means", kind.means},
          {"computed", kind.computed},
          {"check", kind.check},
          {"tune", kind.tune},
          {"rule", rule}};
}

int explain_kind(const ipm_alert_kind_info& kind, Format format) {
  if (format == Format::kTable) {
    put(std::string(kind.kind) + ": " + kind.title + "\n\n" + kind_page(kind, suppression(kind)));
    return 0;
  }
  std::vector<std::string> names = {"kind", "title", "techniques"}, cells = {kind.kind, kind.title, kind.techniques};
  for (const auto& [name, text] : kind_parts(kind, suppression(kind))) {
    names.push_back(name);
    cells.push_back(text);
  }
  put(format_texts(names, {cells}, format));
  return 0;
}

// The cells of an alert as a person reads them. Those that no line asked for are said at the end, so that a column that
// is added later is not forgotten.
class Facts {
 public:
  Facts(const ipm::Cursor& cursor, const ipm::Row& row) {
    for (std::uint32_t i = 0; i < cursor.column_count(); ++i) {
      const ipm_column_info column = cursor.describe(i);
      order_.push_back(column.name);
      if (!row.is_null(i)) texts_[column.name] = person_text(column, row, i);
    }
  }
  // "" for a null.
  std::string take(const std::string& name) {
    taken_.insert(name);
    const auto found = texts_.find(name);
    return found == texts_.end() ? std::string() : found->second;
  }
  // ", pid 304", or nothing.
  std::string then(const char* between, const std::string& name) {
    const std::string text = take(name);
    return text.empty() ? text : between + text;
  }
  std::string rest() const {
    std::string out;
    for (const std::string& name : order_) {
      const auto found = texts_.find(name);
      if (found != texts_.end() && !taken_.contains(name)) out += line(name, found->second);
    }
    return out;
  }

 private:
  std::vector<std::string> order_;
  std::map<std::string, std::string> texts_;
  std::set<std::string> taken_;
};

std::string alert_page(Facts facts, const ipm_alert_kind_info& kind, const std::string& rule) {
  const bool drill = facts.take("drill") == "yes";
  std::string out = (drill ? "DRILL, alert " : "alert ") + facts.take("id") + ": " + kind.kind + ", " +
                    facts.take("title") + "\n\n" + paragraph("", facts.take("evidence"), 2, page_columns()) + "\n";
  out += line("severity", facts.take("severity") + facts.then(", score ", "score") +
                              (facts.take("notified") == "yes" ? ", notified" : ", not notified"));
  const std::string program = facts.take("comm");
  out += line("program", program.empty() ? "none: it is about the host"
                                         : program + facts.then(", pid ", "pid") + facts.then(", ", "exe"));
  out += line("known as", facts.take("app"));
  out +=
      line("peer", facts.take("remote_addr") + facts.then(" port ", "remote_port") + facts.then(", ", "remote_name"));
  out += line("since", facts.take("since") + facts.then("; opened ", "opened") +
                           facts.then("; last change ", "updated") + facts.then("; ", "state"));
  out += line("measured", facts.take("metric") + facts.then(" ", "value") + "; usual is " + facts.take("expected_low") +
                              " to " + facts.take("expected_high") + facts.then(", samples: ", "samples"));
  for (const char* said : {"kind", "sequence", "change", "techniques", "start_ticks"}) facts.take(said);
  return out + facts.rest() + "\n" + kind_page(kind, rule);
}

int explain_alert(std::uint64_t id, const Options& options) {
  ipm::Monitor monitor = open_monitor(options);
  attach(monitor, options);
  run(monitor, {.duration_ns = options.duration_ns, .every_ns = {}, .print = [] {}});
  ipm::Cursor cursor = monitor.table("alerts", "id = " + std::to_string(id));
  if (!cursor.next()) {
    throw ipm::Error(IPM_ERR_NOT_FOUND, "explain: this run has no alert " + std::to_string(id) +
                                            "; `ipm table alerts` of the same sources has those that there are");
  }
  const ipm::Row row = cursor.row();
  const ipm_alert_kind_info kind = kind_named(*row.text("kind"));
  if (options.format == Format::kTable) {
    put(alert_page(Facts(cursor, row), kind, suppression(row)));
    return 0;
  }
  const RecordFormatter formatter(cursor, options.format);
  const bool json = options.format == Format::kJsonl;
  std::vector<std::string> names = formatter.names(), cells = formatter.cells(row);
  for (const auto& [name, text] : kind_parts(kind, suppression(row))) {
    names.push_back(name);
    if (!json || !text.empty()) cells.push_back(json ? json_text(name) + ":" + json_text(text) : csv_text(text));
  }
  put(json ? json_record(cells) : csv_record(names) + csv_record(cells));
  return 0;
}

}  // namespace

int run_explain(const Options& options) {
  if (!options.filters.empty() || !options.columns.empty() || !options.order_by.empty() || options.limit ||
      options.every_ns) {
    throw ipm::Error(IPM_ERR_INVALID_ARGUMENT,
                     "explain prints one alert at the end: no filter, order, limit, columns or --every");
  }
  std::uint64_t id = 0;
  const char* const end = options.subject.data() + options.subject.size();
  const auto [rest, error] = std::from_chars(options.subject.data(), end, id);
  const bool number = rest == end && error == std::errc();
  if (!number && options.sources_given) {
    throw ipm::Error(IPM_ERR_INVALID_ARGUMENT, "explain: a kind needs no source; the number of an alert does");
  }
  if (!number) return explain_kind(kind_named(options.subject), options.format);
  if (options.sources_given) return explain_alert(id, options);
  throw ipm::Error(IPM_ERR_INVALID_ARGUMENT,
                   "explain: alert " + options.subject + " of which run? Name its source, such as replay:FILE");
}

}  // namespace cli

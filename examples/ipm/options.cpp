#include "options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>
#include <string_view>
#include <utility>

#include <ipm/ipm.h>

#include "score_lines.h"

namespace cli {
namespace {

using Endings = std::initializer_list<std::pair<std::string_view, std::int64_t>>;

std::int64_t with_ending(const std::string& text, const Endings& endings, const char* example) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  const std::string_view ending(rest, static_cast<std::size_t>(end - rest));
  for (const auto& [known, factor] : endings) {
    if (known != ending || error != std::errc() || value < 0) continue;
    if (value <= std::numeric_limits<std::int64_t>::max() / factor) return value * factor;
  }
  throw CLI::ValidationError("\"" + text + "\" is not like " + example);
}

std::int64_t duration_ns(const std::string& text) {
  return with_ending(text,
                     {{"", IPM_S},
                      {"s", IPM_S},
                      {"ms", IPM_MS},
                      {"us", IPM_US},
                      {"m", 60 * IPM_S},
                      {"min", 60 * IPM_S},
                      {"h", 3600 * IPM_S},
                      {"d", 86'400 * IPM_S}},
                     "250ms, 10s, 5m or 2h");
}

std::uint64_t size_bytes(const std::string& text) {
  return static_cast<std::uint64_t>(with_ending(text,
                                                {{"", 1},
                                                 {"B", 1},
                                                 {"k", 1 << 10},
                                                 {"K", 1 << 10},
                                                 {"KiB", 1 << 10},
                                                 {"M", 1 << 20},
                                                 {"MiB", 1 << 20},
                                                 {"G", 1 << 30},
                                                 {"GiB", 1 << 30}},
                                                "64MiB"));
}

// Through a signed number: an unsigned one would read "-1" as a very large one.
std::uint64_t row_count(const std::string& text) {
  return static_cast<std::uint64_t>(with_ending(text, {{"", 1}}, "20"));
}

void add_format(CLI::App& app, Options& out, bool scores = false) {
  std::vector<std::string> words = {"table", "jsonl", "csv"};
  if (scores) words.emplace_back("score");
  app.add_option_function<std::string>(
         "--format",
         [&out](const std::string& text) {
           out.format = text == "jsonl"   ? Format::kJsonl
                        : text == "csv"   ? Format::kCsv
                        : text == "score" ? Format::kScore
                                          : Format::kTable;
         },
         scores ? "How to print: table, jsonl, csv, or score: one JSON alert a line for scorers"
                : "How to print: table, jsonl or csv")
      ->check(CLI::IsMember(words));
}

void add_score(CLI::App& app, Options& out) {
  app.add_option("series", out.series, "Lines of time,value[,value…]; - is stdin (default)")->type_name("FILE");
  app.add_flag("--raw", out.raw, "The continuous score of each point instead of the held alarm's");
  app.add_option_function<std::string>(
         "--format",
         [&out](const std::string& text) {
           out.format = text == "jsonl"   ? Format::kJsonl
                        : text == "csv"   ? Format::kCsv
                        : text == "table" ? Format::kTable
                                          : Format::kScore;
         },
         "score: one number a line; jsonl or csv: each point explained; table: the alarms, at the end")
      ->check(CLI::IsMember({"score", "table", "jsonl", "csv"}))
      ->default_str("score");
  app.add_flag("--header", out.header, "The first line holds names: skip it");
  app.add_flag("--log-scale", out.log_scale, "Score log(1 + |value|): for bytes and counts that span decades");
  app.add_option("--threshold", out.threshold, "A held score from here on is an alarm: 0.9")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--hold", out.hold_samples, "Points for which an alarm is not repeated: 300");
  app.add_option("--resolution", out.resolution, "Differences below it do not matter: 0")
      ->check(CLI::NonNegativeNumber);
  app.add_option_function<std::string>(
      "--utc-offset",
      [&out](const std::string& text) {
        const std::optional<std::int32_t> offset = read_utc_offset(text);
        if (!offset) throw CLI::ValidationError("\"" + text + "\" is not like +02:00 or 7200");
        out.utc_offset_s = *offset;
      },
      "What local time is ahead of the series' time: +02:00, or seconds");
}

void add_monitor(CLI::App& app, Options& out) {
  app.add_option("--settings", out.settings, "\"key = value\" lines of the library");
  app.add_option("--config", out.config, "A file of such lines");
  app.add_option("--rule", out.rules, "What you say of alerts: \"suppress kind=beacon app=…\"; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--threshold", out.thresholds,
                 "A limit of yours: \"NAME metric=tx_bytes app=… above=500M for=3m\"; may be repeated")
      ->allow_extra_args(false);
  app.add_option_function<std::string>(
      "--memory-max", [&out](const std::string& text) { out.memory_max_bytes = size_bytes(text); },
      "Bound on the monitor's memory: 64MiB");
}

void add_drill(CLI::App& app, Options& out) {
  app.add_option("kind", out.subject, "The kind of alert to rehearse, or all")->type_name("KIND");
  app.add_flag("--list", out.list, "The kinds, with what happens in each");
  app.add_option_function<std::string>(
      "--seed", [&out](const std::string& text) { out.seed = row_count(text); },
      "Another one gives other ordinary days: 1");
  add_format(app, out);
  add_monitor(app, out);
}

void add_filter(CLI::App& app, Options& out) {
  app.add_option("--filter", out.filters, "Filter lines: \"tx_bytes >= 1000\"; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--order-by", out.order_by, "column [asc|desc][, column …]");
  app.add_option_function<std::string>(
      "--limit", [&out](const std::string& text) { out.limit = row_count(text); }, "At most so many rows");
  app.add_option("--columns", out.columns, "a, b, …");
}

void add_common(CLI::App& app, Options& out, bool scores = false) {
  app.add_option("sources", out.sources, "auto: (default), replay:FILE, - (event lines on stdin), …")
      ->type_name("SOURCE");
  add_format(app, out, scores);
  app.add_option_function<std::string>(
      "--duration", [&out](const std::string& text) { out.duration_ns = duration_ns(text); },
      "Stop after 250ms, 10s, 5m …; without it live sources run until SIGINT or SIGTERM");
  app.add_option_function<std::string>(
      "--every",
      [&out](const std::string& text) {
        out.every_ns = duration_ns(text);
        if (*out.every_ns == 0) throw CLI::ValidationError("--every must not be 0");
      },
      "Print also so often");
  add_filter(app, out);
  add_monitor(app, out);
  app.add_option_function<std::string>(
         "--threads", [&out](const std::string& text) { out.threads = text == "auto"; },
         "none: sources are polled in turn; auto: one thread for each live source")
      ->check(CLI::IsMember({"none", "auto"}));
  app.add_flag_callback(
      "--no-self-test", [&out] { out.self_test = false; },
      "Live sources do not measure a known transfer over loopback when they are attached");
  // A flag with a value after "=": a source that follows is none.
  app.add_flag("--drop-privileges{nobody}", out.lesser_user,
               "As root: become nobody (=USER: another) without capabilities as soon as the sources are attached");
}

void add_flows(CLI::App& app, Options& out) {
  app.add_option("files", out.sources, "Captures: pcap, pcapng or snoop, also packed; - is stdin")
      ->required()
      ->type_name("FILE");
  add_format(app, out);
  add_filter(app, out);
  app.add_option("--settings", out.settings, "\"key = value\" lines: flows_max, measure, names");
}

// A command with commands of its own, each with what it is about.
void add_baseline(CLI::App& app, Options& out) {
  app.require_subcommand(1);
  const auto action = [&](const char* name, const char* help, BaselineAction which) {
    CLI::App* sub = app.add_subcommand(name, help);
    sub->callback([&out, which] { out.baseline_action = which; });
    return sub;
  };
  const auto files = [&](CLI::App* sub, const char* help, int least, int most) {
    sub->add_option("files", out.baseline_files, help)->required()->expected(least, most)->type_name("FILE");
  };
  const auto settings = [&](CLI::App* sub) {
    sub->add_option("--settings", out.settings, "\"key = value\" lines of the library");
  };
  CLI::App* exported = action("export", "Write what a run has learned to a file", BaselineAction::kExport);
  exported->add_option("-o,--output", out.output, "The file")->required();
  add_common(*exported, out);
  CLI::App* imported = action("import", "Merge files into the last one named", BaselineAction::kImport);
  files(imported, "Files, and the one that takes them in, which may be new", 2, 1'000);
  settings(imported);
  CLI::App* show = action("show", "What is usual: of a file of baselines, or of a run", BaselineAction::kShow);
  add_common(*show, out);
  CLI::App* diff = action("diff", "What changed most between two files", BaselineAction::kDiff);
  files(diff, "Before and after", 2, 2);
  settings(diff);
  add_format(*diff, out);
  diff->add_option_function<std::string>(
      "--limit", [&out](const std::string& text) { out.limit = row_count(text); }, "At most so many rows");
}

}  // namespace

std::string Options::filter(const std::string& default_columns) const {
  std::string out;
  for (const std::string& line : filters) out += line + "\n";
  if (!order_by.empty()) out += "order_by = " + order_by + "\n";
  if (limit) out += "limit = " + std::to_string(*limit) + "\n";
  const std::string& chosen = columns.empty() ? default_columns : columns;
  if (!chosen.empty()) out += "columns = " + chosen + "\n";
  return out;
}

std::optional<int> parse(int argc, char** argv, Options& out) {
  CLI::App app("Internet Processes Monitor: which process talks to whom, how much, how well", "ipm");
  app.set_version_flag("--version", std::string("ipm ") + ipm_version());
  app.require_subcommand(1);
  const auto command = [&](const char* name, const char* help, Command which) {
    CLI::App* sub = app.add_subcommand(name, help);
    sub->callback([&out, which] { out.command = which; });
    return sub;
  };

  CLI::App* table = command("table", "A table, at the end of the run (live sources run until a signal or --duration)",
                            Command::kTable);
  table->add_option("table", out.table, "Its name; `ipm columns` lists them")->required()->type_name("NAME");
  add_common(*table, out);
  add_common(*command("events", "The events as they come, one line each", Command::kEvents), out);
  add_common(*command("detect", "Alerts as they come: what programs do that is not normal for them", Command::kDetect),
             out, true);
  CLI::App* explain =
      command("explain", "An alert in full: what it means, why it came, what to check", Command::kExplain);
  explain->add_option("alert", out.subject, "The number of an alert in a run of the sources, or a kind of alert")
      ->required()
      ->type_name("ALERT");
  add_common(*explain, out);
  add_drill(*command("drill", "A rehearsal: plays an incident and says if its alert came", Command::kDrill), out);
  add_flows(*command("flows", "The flows of capture files, one row a flow", Command::kFlows), out);
  CLI::App* report = command("report", "A run as one HTML file that needs nothing else", Command::kReport);
  report->add_option("--html", out.html, "The file; - is stdout");
  report->add_option("--title", out.title, "What stands above it");
  add_common(*report, out);
  CLI::App* record = command("record", "Write the events to a log that replay:LOG reads", Command::kRecord);
  record->add_option("-o,--output", out.output, "The log")->required();
  add_common(*record, out);
  add_common(*command("doctor", "What each source can see here, and what not and why", Command::kDoctor), out);
  CLI::App* top = command("top", "A live view: processes by rate, and their peers", Command::kTop);
  top->add_flag("--self-traffic", out.self_traffic, "If nothing moves a byte in 2 s, make some on loopback");
  add_common(*top, out);
  CLI::App* score = command("score", "A score for each point of a series: how unusual it is", Command::kScore);
  score->preparse_callback([&out](std::size_t) { out.format = Format::kScore; });
  add_score(*score, out);
  add_baseline(*command("baseline", "What is usual for each app: export, import, show, diff", Command::kBaseline), out);
  CLI::App* intel = app.add_subcommand("intel", "Lists of threat intelligence in files");
  intel->require_subcommand(1);
  CLI::App* check = intel->add_subcommand("check", "What lists hold, and what of them was not understood");
  check->callback([&out] { out.command = Command::kIntelCheck; });
  check->add_option("feeds", out.feeds, "Files, or FORMAT:FILE")->required()->type_name("FILE");
  add_format(*check, out);
  CLI::App* match = intel->add_subcommand("match", "If something is on a list; exit code 3: on none");
  match->callback([&out] { out.command = Command::kIntelMatch; });
  match->add_option("subject", out.subject, "An address, a domain or a JA4")->required()->type_name("SUBJECT");
  match->add_option("--feed", out.feeds, "Files, or FORMAT:FILE")->required()->type_name("FILE");
  add_format(*match, out);
  CLI::App* columns = command("columns", "The tables, or the columns of one", Command::kColumns);
  columns->add_option("table", out.table, "Its name")->type_name("TABLE");
  add_format(*columns, out);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {  // Help and version.
    return app.exit(done);
  } catch (const CLI::ParseError& mistake) {
    std::fprintf(stderr, "ipm: %s\n", mistake.what());
    return 2;
  }
  out.sources_given = !out.sources.empty();
  if (!out.sources_given) out.sources.emplace_back("auto:");
  return std::nullopt;
}

}  // namespace cli

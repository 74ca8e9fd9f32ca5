// The documentation says what the code has, and nothing else. A failure prints the lines that docs/ lacks or has too
// many; most of them can be pasted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "alert/alert.h"
#include "base/key_values.h"
#include "model/attribution.h"
#include "model/coverage.h"
#include "model/event.h"
#include "monitor/options.h"
#include "query/filter.h"
#include "query/tables/tables.h"
#include "source/registry.h"

namespace ipm {
namespace {

using Row = std::vector<std::string>;
using Rows = std::vector<Row>;

std::string trim(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// "| a | b \| c |" as {"a", "b | c"}.
Row cells_of(const std::string& line) {
  Row cells;
  std::string cell;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cell += line[++i];
    } else if (line[i] == '|') {
      cells.push_back(trim(cell));
      cell.clear();
    } else {
      cell += line[i];
    }
  }
  return cells;
}

// The Markdown tables of one file, by the heading that they stand under; several under one are one. Without the lines
// of their heads.
std::map<std::string, Rows> tables_of(const std::string& file) {
  std::ifstream in(IPM_SOURCE_DIR "/docs/" + file);
  EXPECT_TRUE(in) << "docs/" << file << " is not there";
  std::map<std::string, Rows> tables;
  std::string heading;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#")) heading = trim(line.substr(line.find_first_not_of('#')));
    if (!line.starts_with("|")) continue;
    Rows& rows = tables[heading];
    if (line.starts_with("|---")) {
      rows.pop_back();  // What was taken for a row was the head.
    } else {
      rows.push_back(cells_of(line));
    }
  }
  return tables;
}

std::string text_of(const std::string& file) {
  std::ifstream in(IPM_SOURCE_DIR "/docs/" + file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// What stands under a heading, up to the next, in one line, and of links what a reader sees.
std::string section_of(const std::string& file, const std::string& heading) {
  std::istringstream lines(text_of(file));
  std::string section;
  bool within = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) {
      within = trim(line.substr(line.find_first_not_of('#'))) == heading;
    } else if (within && !line.empty()) {
      section += (section.empty() ? "" : " ") + line;
    }
  }
  return std::regex_replace(section, std::regex("\\[([^\\]]*)\\]\\([^)]*\\)"), "$1");
}

std::set<std::string> words_of(const std::string& text) {
  const std::regex word("\\w+");
  return {std::sregex_token_iterator(text.begin(), text.end(), word), std::sregex_token_iterator()};
}

std::string code(std::string_view text) {
  return "`" + std::string(text) + "`";
}

// The first cells of the rows, without their backticks.
std::set<std::string> names_of(const Rows& rows) {
  std::set<std::string> names;
  for (const Row& row : rows) {
    std::string name = row.at(0);
    std::erase(name, '`');
    EXPECT_TRUE(names.insert(name).second) << name << " stands twice";
  }
  return names;
}

std::string line_of(const Row& row) {
  std::string line = "|";
  for (const std::string& cell : row) line += " " + cell + " |";
  return line;
}

std::vector<std::string> lines_of(const Rows& rows) {
  std::vector<std::string> lines;
  for (const Row& row : rows) lines.push_back(line_of(row));
  return lines;
}

TEST(DocsTest, TablesHaveTheColumnsOfTheLibrary) {
  constexpr const char* kTypes[] = {"", "int64", "double", "text", "time", "bool"};
  const std::map<std::string, Rows> documented = tables_of("tables.md");
  for (const query::TableInfo& table : query::tables()) {
    const std::string name(table.name);
    Rows rows;
    for (const query::Column& column : table.columns) {
      const std::string type =
          std::string(column.dictionary ? "dictionary " : "") + kTypes[static_cast<int>(column.type)];
      rows.push_back({code(column.name), type, column.unit, column.layer, column.null_when, column.help});
    }
    ASSERT_TRUE(documented.contains(name)) << "docs/tables.md has no heading " << name;
    EXPECT_THAT(lines_of(documented.at(name)), testing::ElementsAreArray(lines_of(rows))) << "docs/tables.md, " << name;
  }
  for (const auto& [heading, rows] : documented) {
    const bool columns = !rows.empty() && rows.front().size() == 6;
    EXPECT_TRUE(!columns || query::find_table(heading) != nullptr) << "there is no table " << heading;
  }
}

TEST(DocsTest, SettingsAreThoseOfTheLibrary) {
  Rows rows;  // Name, type, default, effect: the range is tried below.
  for (const monitor::SettingKey& key : monitor::setting_keys()) {
    rows.push_back({code(key.key), std::string(key.type), std::string(key.fallback), std::string(key.help)});
  }
  Rows documented = tables_of("settings.md")["All settings"];
  for (Row& row : documented) {
    ASSERT_EQ(row.size(), 5U) << line_of(row);
    row.erase(row.begin() + 3);
  }
  EXPECT_THAT(lines_of(documented), testing::ElementsAreArray(lines_of(rows))) << "docs/settings.md";
}

bool accepted(const std::string& key, const std::string& value) {
  monitor::MonitorOptions options;
  return monitor::apply_settings(key + " = " + value, options).ok();
}

TEST(DocsTest, SettingsAreAcceptedUpToTheEndsOfTheirRangesAndNotBeyond) {
  const Rows settings = tables_of("settings.md")["All settings"];
  for (const Row& row : settings) {
    std::string key = row.at(0);
    std::erase(key, '`');
    std::smatch part;
    const std::string& range = row.at(3);
    if (row.at(1) == "number" || row.at(1) == "duration") {
      ASSERT_TRUE(std::regex_match(range, part, std::regex("(-?\\d+)(s)? to (\\d+)(s|h)?"))) << key << ": " << range;
      const auto scale = [&](std::size_t of) { return part[of] == "s" ? kSecond : part[of] == "h" ? kHour : 1; };
      const std::string unit = part[4].matched ? "ns" : "";
      const std::int64_t low = std::stoll(part[1]) * scale(2);
      const std::int64_t high = std::stoll(part[3]) * scale(4);
      EXPECT_TRUE(accepted(key, std::to_string(low) + unit)) << key << " = " << low;
      EXPECT_TRUE(accepted(key, std::to_string(high) + unit)) << key << " = " << high;
      if (low != std::numeric_limits<std::int64_t>::min()) {
        EXPECT_FALSE(accepted(key, std::to_string(low - 1) + unit)) << key << " = " << low - 1;
      }
      if (high != std::numeric_limits<std::int64_t>::max()) {
        EXPECT_FALSE(accepted(key, std::to_string(high + 1) + unit)) << key << " = " << high + 1;
      }
    } else if (row.at(1) == "size") {
      ASSERT_TRUE(std::regex_match(range, part, std::regex("(\\d+)MiB and more"))) << key << ": " << range;
      EXPECT_TRUE(accepted(key, part[1].str() + "MiB"));
      EXPECT_FALSE(accepted(key, std::to_string(std::stoll(part[1]) * (1 << 20) - 1)));
    } else if (row.at(1) == "fraction") {
      ASSERT_TRUE(std::regex_match(range, part, std::regex("([\\d.]+) to ([\\d.]+)"))) << key << ": " << range;
      for (const std::size_t end : {std::size_t{1}, std::size_t{2}})
        EXPECT_TRUE(accepted(key, part[end])) << key << " = " << part[end];
      EXPECT_FALSE(accepted(key, std::to_string(std::stod(part[1]) / 2))) << key;
      EXPECT_FALSE(accepted(key, std::to_string(std::stod(part[2]) * 2))) << key;
    } else if (row.at(1) == "path") {
      EXPECT_TRUE(accepted(key, "/var/lib/any file")) << key;
    } else if (row.at(1) == "text") {
      const std::regex example("`([^`]*)`");
      for (std::sregex_iterator each(range.begin(), range.end(), example), end; each != end; ++each) {
        EXPECT_TRUE(accepted(key, (*each)[1])) << key << " = " << (*each)[1];
      }
      EXPECT_FALSE(accepted(key, "other")) << key;
    } else if (row.at(1) == "file") {
      EXPECT_TRUE(accepted(key, "/var/lib/feeds/some.txt")) << key;
      EXPECT_FALSE(accepted(key, "\"\"")) << key;
    } else {
      for (const std::string& word : words_of(range)) EXPECT_TRUE(accepted(key, word)) << key << " = " << word;
      EXPECT_FALSE(accepted(key, "other")) << key;
    }
  }
}

// Each mistake in the table gives the message beside it.
TEST(DocsTest, MistakesInSettingsGiveTheDocumentedMessages) {
  const Rows mistakes = tables_of("settings.md")["Mistakes"];
  EXPECT_FALSE(mistakes.empty());
  for (Row row : mistakes) {
    for (std::string& cell : row) std::erase(cell, '`');
    monitor::MonitorOptions options;
    EXPECT_EQ(row.at(1), monitor::apply_settings(row.at(0), options).message());
  }
}

TEST(DocsTest, MistakesInFiltersGiveTheDocumentedMessages) {
  const Rows mistakes = tables_of("tables.md")["Mistakes in filters"];
  EXPECT_FALSE(mistakes.empty());
  for (Row row : mistakes) {
    for (std::string& cell : row) std::erase(cell, '`');
    const auto filter = query::parse_filter(row.at(0), query::find_table("processes")->columns);
    EXPECT_EQ(row.at(1), filter.status().message());
  }
}

Status open_with(const source::Backend& backend, const std::string& key, const std::string& value) {
  source::SourceOptions options;
  options.uri.scheme = backend.scheme;
  options.uri.parameters[key] = value;
  return backend.make(options.uri)->open(options);
}

// A source lists what it takes when it refuses what it does not know.
std::set<std::string> options_of(const source::Backend& backend) {
  const Status refused = open_with(backend, std::string(40, 'z'), "1");
  const std::string list(refused.message());
  EXPECT_EQ(refused.code(), Code::kInvalidArgument) << backend.scheme << " takes any option";
  std::set<std::string> options;
  if (list.ends_with("it takes none")) return options;
  std::smatch part;
  if (!std::regex_search(list, part, std::regex("(there are|[Kk]nown are) (.*)$"))) {
    ADD_FAILURE() << backend.scheme << " does not say which options it has: " << list;
    return options;
  }
  options = words_of(part[2]);
  options.erase("and");
  return options;
}

TEST(DocsTest, SourcesHaveTheOptionsOfTheLibrary) {
  const std::map<std::string, Rows> documented = tables_of("sources.md");
  for (const source::Backend& backend : source::backends()) {
    const std::string heading = "Options of " + code(std::string(backend.scheme) + ":");
    const auto rows = documented.find(heading);
    EXPECT_EQ(rows == documented.end() ? std::set<std::string>{} : names_of(rows->second), options_of(backend))
        << "docs/sources.md, " << heading;
  }
  for (const auto& [heading, rows] : documented) {
    std::smatch part;
    if (!std::regex_match(heading, part, std::regex("Options of `(\\w+):`"))) continue;
#ifndef IPM_WITH_EBPF
    if (part[1] == "ebpf") continue;
#endif
    EXPECT_NE(source::find_backend(part[1].str()), nullptr) << "there is no source " << part[1];
  }
}

TEST(DocsTest, SourcesSeeWhatTheyProbe) {
  std::map<std::string, Rows> documented = tables_of("sources.md");
  for (const source::Backend& backend : source::backends()) {
    std::set<std::string> probed;
    for (const source::Capability& each : backend.make({})->probe()) probed.insert(each.what);
    const std::string heading = "What " + code(std::string(backend.scheme) + ":") + " sees";
    EXPECT_EQ(names_of(documented[heading]), probed) << "docs/sources.md, " << heading;
  }
}

TEST(DocsTest, EventLogHasTheKindsOfTheLibrary) {
  Rows kinds;
  for (std::uint32_t number = 1; number < 0x10000; ++number) {
    const std::string_view name = model::event_kind_name(static_cast<model::EventKind>(number));
    if (name != "unknown" && !name.empty()) kinds.push_back({std::to_string(number), code(name)});
  }
  Rows documented = tables_of("event-log.md")["Kinds"];
  for (Row& row : documented) row.resize(2);
  EXPECT_THAT(lines_of(documented), testing::UnorderedElementsAreArray(lines_of(kinds))) << "docs/event-log.md, Kinds";
}

TEST(DocsTest, HonestyHasTheRulesQualitiesAndCoverageOfTheLibrary) {
  std::map<std::string, Rows> documented = tables_of("honesty.md");
  std::set<std::string> rules, qualities, coverage = {model::coverage_text(0)};
  for (int number = 0; number < 256; ++number) {
    const std::string_view rule = model::rule_name(static_cast<model::Rule>(number));
    if (!rule.empty()) rules.insert(std::string(rule));
    qualities.insert(std::string(model::quality_name(static_cast<model::Quality>(number))));
  }
  for (int bit = 1; bit < 256; bit *= 2) coverage.insert(model::coverage_text(static_cast<std::uint8_t>(bit)));
  EXPECT_EQ(names_of(documented["Rules"]), rules);
  EXPECT_EQ(names_of(documented["Quality"]), qualities);
  EXPECT_EQ(names_of(documented["Coverage"]), coverage);
}

TEST(DocsTest, AlertsHaveTheKindsOfTheLibrary) {
  Rows kinds;
  for (std::size_t number = 0; number < alert::kKinds; ++number) {
    const alert::KindInfo& kind = alert::info(static_cast<alert::Kind>(number));
    kinds.push_back({code(kind.name), std::string(kind.title), std::string(kind.techniques)});
    const std::string section = "Means: " + std::string(kind.means) + " Computed: " + std::string(kind.computed) +
                                " Check: " + std::string(kind.check) + " Tune: " + std::string(kind.tune);
    EXPECT_EQ(section_of("alerts.md", std::string(kind.name)), section) << "docs/alerts.md, " << kind.name;
    EXPECT_EQ(section.find("]("), std::string::npos)
        << kind.name << ": people read it as it is, with no links to follow";
  }
  EXPECT_THAT(lines_of(tables_of("alerts.md")["Kinds"]), testing::ElementsAreArray(lines_of(kinds)))
      << "docs/alerts.md";
}

// README.md and the headers send readers here.
TEST(DocsTest, LinksBetweenDocumentsLeadSomewhere) {
  for (const char* file : {"quickstart.md", "python.md", "settings.md", "sources.md", "tables.md", "event-log.md",
                           "honesty.md", "baselines.md", "alerts.md", "enrichment.md", "captures.md", "report.md"}) {
    const std::string text = text_of(file);
    const std::regex link("\\]\\(([\\w-]+\\.md)?(#[\\w-]+)?\\)");
    for (std::sregex_iterator found(text.begin(), text.end(), link), end; found != end; ++found) {
      const std::string target = (*found)[1].matched ? (*found)[1].str() : file;
      const std::string other = text_of(target);
      EXPECT_FALSE(other.empty()) << file << " links to " << target;
      if (!(*found)[2].matched) continue;
      std::set<std::string> anchors;  // As GitHub makes them.
      std::istringstream lines(other);
      for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("#")) continue;
        std::string anchor = "#";
        for (char c : trim(line.substr(line.find_first_not_of('#')))) {
          if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-') {
            anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
          }
          if (c == ' ') anchor += '-';
        }
        anchors.insert(anchor);
      }
      EXPECT_TRUE(anchors.contains((*found)[2].str())) << file << " links to " << found->str();
    }
  }
}

}  // namespace
}  // namespace ipm

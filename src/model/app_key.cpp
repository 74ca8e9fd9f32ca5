#include "model/app_key.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace ipm::model {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_lower_alnum(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z');
}

std::string_view basename_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// A digest or store hash: at least 12 hex digits with a decimal digit and a letter among them, or Nix's 32 base-32
// characters.
bool is_hash(std::string_view token) {
  const bool any_digit = std::any_of(token.begin(), token.end(), is_digit);
  const bool any_letter = std::any_of(token.begin(), token.end(), [](char c) { return !is_digit(c); });
  if (!any_digit || (!any_letter && token.size() < 32)) return false;
  if (token.size() >= 12 && std::all_of(token.begin(), token.end(), is_hex)) return true;
  return token.size() == 32 && std::all_of(token.begin(), token.end(), is_lower_alnum);
}

// "12", "v3", "1.2.3", "17.0.2+8", "2.0~rc1": begins with a digit (after an optional v) and holds no other word.
bool is_version(std::string_view token) {
  if (!token.empty() && (token.front() == 'v' || token.front() == 'V')) token.remove_prefix(1);
  if (token.empty() || !is_digit(token.front())) return false;
  bool letters_allowed = false;  // "1.2rc1": letters after a dot or a sign, at most three in a row.
  int letters = 0;
  for (char c : token) {
    if (is_digit(c)) {
      letters = 0;
    } else if (c == '.' || c == '+' || c == '~') {
      letters = 0;
      letters_allowed = true;
    } else if (std::isalpha(static_cast<unsigned char>(c)) != 0 && letters_allowed && ++letters <= 5) {
      continue;
    } else {
      return false;
    }
  }
  return true;
}

// "python3.11" → "python", "libfoo.so.1.2" stays up to the dot: a dotted number glued to the end of a word.
std::string_view strip_glued_version(std::string_view token) {
  std::size_t end = token.size();
  while (end > 0 && (is_digit(token[end - 1]) || token[end - 1] == '.')) --end;
  const std::string_view tail = token.substr(end);
  const bool dotted = tail.find('.') != std::string_view::npos && !tail.empty() && is_digit(tail.back());
  if (end == 0 || !dotted) return token;
  return token.substr(0, end);
}

bool is_uuid(std::string_view s) {
  if (s.size() != 36) return false;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? (s[i] != '-' && s[i] != '_') : !is_hex(s[i])) return false;
  }
  return true;
}

// The ending of a program file, so that "x-2.1.jar" becomes "x.jar".
std::string_view extension_of(std::string_view component) {
  static constexpr std::array<std::string_view, 14> kEndings = {".jar", ".war", ".py", ".js",  ".mjs", ".cjs", ".ts",
                                                                ".rb",  ".pl",  ".sh", ".php", ".lua", ".exe", ".dll"};
  for (std::string_view ending : kEndings) {
    if (component.size() > ending.size() && component.ends_with(ending))
      return component.substr(component.size() - ending.size());
  }
  return {};
}

// One path component without its version and hash tokens; empty if nothing else was in it.
std::string normalise_component(std::string_view component) {
  if (const std::string_view ending = extension_of(component); !ending.empty()) {
    component.remove_suffix(ending.size());
    std::string stem = normalise_component(component);
    return (stem.empty() ? std::string(component) : stem) + std::string(ending);
  }
  if (is_version(component) || is_hash(component) || is_uuid(component)) return {};
  std::string out;
  std::size_t begin = 0;
  bool cut_before = false;
  while (begin <= component.size()) {
    std::size_t end = component.find_first_of("-_", begin);
    if (end == std::string_view::npos) end = component.size();
    const std::string_view token = component.substr(begin, end - begin);
    if (is_version(token) || is_hash(token)) {
      cut_before = true;
    } else {
      if (!out.empty() || (begin > 0 && !cut_before)) out += component[begin - 1];
      out += strip_glued_version(token);
      cut_before = false;
    }
    begin = end + 1;
  }
  return out.empty() ? std::string(component) : out;
}

bool is_interpreter(std::string_view name) {
  static constexpr std::array kNames = {"python", "python2", "python3", "perl", "ruby", "node",   "nodejs",
                                        "bash",   "sh",      "dash",    "zsh",  "ksh",  "php",    "lua",
                                        "java",   "tclsh",   "deno",    "bun",  "pwsh", "Rscript"};
  return std::any_of(kNames.begin(), kNames.end(), [&](const char* known) { return name == known; });
}

std::string escape_spaces(std::string_view part) {
  std::string out;
  for (char c : part) {
    if (c == ' ') {
      out += "\\x20";
    } else {
      out += c;
    }
  }
  return out;
}

// "session-4" → "session", "app-gnome-firefox-1234" → "app-gnome-firefox": trailing numbers and hashes after dashes.
std::string strip_trailing_ids(std::string_view stem) {
  for (;;) {
    const std::size_t dash = stem.find_last_of("-_");
    if (dash == std::string_view::npos || dash == 0) break;
    const std::string_view tail = stem.substr(dash + 1);
    const bool number = !tail.empty() && std::all_of(tail.begin(), tail.end(), is_digit);
    if (!number && !is_hash(tail)) break;
    stem = stem.substr(0, dash);
  }
  return std::string(stem);
}

}  // namespace

std::string normalise_exe(std::string_view exe) {
  static constexpr std::string_view kDeleted = " (deleted)";
  if (exe.ends_with(kDeleted)) exe.remove_suffix(kDeleted.size());
  std::string out;
  std::size_t begin = 0;
  while (begin <= exe.size()) {
    std::size_t end = exe.find('/', begin);
    if (end == std::string_view::npos) end = exe.size();
    const std::string_view raw = exe.substr(begin, end - begin);
    const bool last = end == exe.size();
    std::string component = normalise_component(raw);
    if (last && component.empty()) component = std::string(raw);  // A program whose whole name is a number keeps it.
    if (begin == 0 && !last && raw.empty()) {
      out += '/';
    } else if (!component.empty()) {
      out += component;
      if (!last) out += '/';
    }
    begin = end + 1;
  }
  return out;
}

std::string normalise_unit(std::string_view unit) {
  const std::size_t dot = unit.rfind('.');
  const std::string_view suffix = dot == std::string_view::npos ? std::string_view() : unit.substr(dot);
  std::string_view stem = unit.substr(0, dot);
  if (const std::size_t at = stem.find('@'); at != std::string_view::npos) {
    return std::string(stem.substr(0, at + 1)) + std::string(suffix);
  }
  return strip_trailing_ids(stem) + std::string(suffix);
}

std::string normalise_cgroup(std::string_view cgroup) {
  std::string out;
  std::size_t begin = 0;
  while (begin < cgroup.size()) {
    std::size_t end = cgroup.find('/', begin);
    if (end == std::string_view::npos) end = cgroup.size();
    std::string_view component = cgroup.substr(begin, end - begin);
    begin = end + 1;
    if (component.empty()) continue;
    std::string kept;
    if (component.starts_with("pod") && is_uuid(component.substr(3))) {
      kept = "pod";
    } else if (component.starts_with("kubepods-") && component.find("-pod") != std::string_view::npos) {
      kept = std::string(component.substr(0, component.find("-pod") + 4)) + ".slice";
    } else if (!is_hash(component) && !is_uuid(component) && !is_version(component)) {
      kept = normalise_unit(component);
    }
    if (!kept.empty()) out += "/" + kept;
  }
  return out;
}

std::string_view uid_class(std::uint32_t uid) {
  if (uid == 0) return "root";
  if (uid == 0xffff'ffff) return "unknown";
  return uid < 1000 || uid == 65534 ? "system" : "user";
}

std::string app_key(const AppFacts& facts) {
  std::string exe = normalise_exe(facts.exe.empty() ? facts.comm : facts.exe);
  if (exe.empty()) exe = "?";
  std::string key = escape_spaces(exe);
  if (!facts.script.empty()) key += " " + escape_spaces(normalise_exe(facts.script));
  std::string workload = std::string(facts.workload);
  if (workload.empty() && !facts.unit.empty()) workload = normalise_unit(facts.unit);
  if (workload.empty()) workload = normalise_cgroup(facts.cgroup);
  if (!workload.empty()) key += " @" + escape_spaces(workload);
  key += ' ';
  key += uid_class(facts.uid);
  return key;
}

std::string script_of(std::string_view exe, std::span<const std::string_view> argv) {
  const std::string name = normalise_exe(basename_of(exe));
  if (!is_interpreter(name) || argv.size() < 2) return {};
  for (std::size_t i = 1; i < argv.size(); ++i) {
    const std::string_view argument = argv[i];
    if (argument.empty()) continue;
    if (argument == "-jar" || argument == "-m") {
      if (i + 1 >= argv.size()) return {};
      return argument == "-m" ? "-m " + std::string(argv[i + 1]) : std::string(argv[i + 1]);
    }
    if (argument == "-c" || argument == "-e" || argument == "-lc" || argument == "-ec") return std::string(argument);
    if (argument == "-cp" || argument == "-classpath" || argument == "-W" || argument == "-X" || argument == "-r") {
      ++i;  // Takes a value.
      continue;
    }
    if (argument.front() == '-' || argument.front() == '+') continue;
    return std::string(argument);
  }
  return {};
}

std::string_view container_of(std::string_view cgroup) {
  for (std::size_t i = 0; i + 64 <= cgroup.size();) {
    std::size_t length = 0;
    while (i + length < cgroup.size() && is_hex(cgroup[i + length])) ++length;
    if (length == 64) return cgroup.substr(i, 64);
    i += length + 1;
  }
  return {};
}

std::string_view unit_of(std::string_view cgroup) {
  static constexpr std::array<std::string_view, 3> kSuffixes = {".service", ".scope", ".socket"};
  std::size_t end = cgroup.size();
  while (end > 0) {
    const std::size_t slash = cgroup.rfind('/', end - 1);
    const std::size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
    const std::string_view component = cgroup.substr(begin, end - begin);
    for (std::string_view suffix : kSuffixes) {
      if (component.ends_with(suffix)) return component;
    }
    if (slash == std::string_view::npos) break;
    end = slash;
  }
  return {};
}

}  // namespace ipm::model

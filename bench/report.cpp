#include "report.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace ipm::bench {
namespace {

std::string plain_text(const char* format, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

std::string with_unit(double value, const std::string& unit) {
  return unit.empty() ? number_text(value) : number_text(value) + " " + unit;
}

std::string bound_text(Budget budget, const std::string& unit) {
  if (budget.bound == Budget::Bound::kNone) return "-";
  const std::string limit = plain_text("%g", budget.value) + (unit.empty() ? "" : " " + unit);
  return (budget.bound == Budget::Bound::kAtLeast ? ">= " : "<= ") + limit;
}

std::string verdict_text(Budget budget, double measured) {
  if (budget.bound == Budget::Bound::kNone) return "";
  return budget.met(measured) ? "met" : "MISSED";
}

}  // namespace

bool Budget::met(double measured) const {
  if (bound == Bound::kNone) return true;
  return bound == Bound::kAtLeast ? measured >= value : measured <= value;
}

std::string number_text(double value) {
  if (value >= 1000) {
    std::string digits = plain_text("%.0f", value);
    for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
    return digits;
  }
  return plain_text(value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value);
}

void Report::compare(const std::string& what, double ours, const std::string& peer, double theirs,
                     const std::string& unit, Budget budget) {
  const double ratio = ours / theirs;
  lines_.push_back({what, with_unit(ours, unit), peer + ": " + with_unit(theirs, unit), number_text(ratio) + "x",
                    bound_text(budget, "x"), verdict_text(budget, ratio)});
}

void Report::value(const std::string& what, double ours, const std::string& unit, Budget budget) {
  lines_.push_back({what, with_unit(ours, unit), "", "", bound_text(budget, unit), verdict_text(budget, ours)});
}

void Report::skip(const std::string& what, const std::string& why) {
  lines_.push_back({what, "not measured", why, "", "", ""});
}

std::string Report::text() const {
  std::vector<Line> all{{"what", "ours", "peer", "ratio", "budget", ""}};
  all.insert(all.end(), lines_.begin(), lines_.end());
  const std::array columns{&Line::what, &Line::ours, &Line::peer, &Line::ratio, &Line::budget, &Line::verdict};
  std::array<std::size_t, columns.size()> widths{};
  for (const Line& line : all) {
    for (std::size_t i = 0; i < columns.size(); ++i) widths[i] = std::max(widths[i], (line.*columns[i]).size());
  }
  std::string out;
  for (const Line& line : all) {
    std::string row;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string& cell = line.*columns[i];
      row += cell + std::string(widths[i] - cell.size() + 2, ' ');
    }
    out += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

}  // namespace ipm::bench

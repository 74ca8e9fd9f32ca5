#include "alert/false_positives.h"

#include <algorithm>

namespace ipm::alert {

FalsePositives::~FalsePositives() {
  while (!lines_.empty()) remove(0);
}

void FalsePositives::remove(std::size_t index) {
  const std::uint32_t text = lines_[index].subject.indicator_text;
  if (text != 0 && texts_ != nullptr) texts_->let_go(text);
  lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(index));
  store_.account(-static_cast<std::int64_t>(sizeof(Line)));
}

void FalsePositives::take(const AlertRow& row) {
  const Line line{.subject = subject_of(row), .app = row.app, .severity = row.severity, .strength = row.strength};
  const auto same = std::find_if(lines_.begin(), lines_.end(), [&](const Line& each) {
    return each.app == line.app && each.subject == line.subject;
  });
  if (same != lines_.end()) remove(static_cast<std::size_t>(same - lines_.begin()));
  if (lines_.size() >= kMax) remove(0);
  lines_.push_back(line);
  store_.account(sizeof(Line));
  if (line.subject.indicator_text != 0 && texts_ != nullptr) texts_->hold(line.subject.indicator_text);
}

bool FalsePositives::cover(const Finding& finding, std::uint32_t app) const {
  if (lines_.empty()) return false;
  const Subject subject = subject_of(finding);
  return std::any_of(lines_.begin(), lines_.end(), [&](const Line& each) {
    return each.app == app && each.subject == subject && finding.severity <= each.severity &&
           (finding.strength == 0 || finding.strength < each.strength * kEscalation);
  });
}

void FalsePositives::forget_app(std::uint32_t app) {
  for (std::size_t i = lines_.size(); i > 0; --i) {
    if (lines_[i - 1].app == app) remove(i - 1);
  }
}

}  // namespace ipm::alert

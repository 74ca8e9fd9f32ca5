#include "alert/episodes.h"

#include <algorithm>
#include <cstring>

namespace ipm::alert {
namespace {

constexpr double kEscalation = 4;  // Times the value that was last told.
constexpr double kBurst = 3;       // Days of budget that can be saved up.

void copy_text(char* out, std::size_t size, std::string_view text) {
  const std::size_t bytes = text.copy(out, size - 1);
  std::memset(out + bytes, 0, size - bytes);
}

}  // namespace

Episodes::Episodes(PageStore& store, std::uint32_t alerts_max, std::uint32_t changes_max, std::uint32_t budget_per_day)
    : store_(store), rows_(store, alerts_max), budget_per_day_(budget_per_day) {
  open_.reserve(std::min(kOpenMax, alerts_max));
  history_.resize(alerts_max);
  changes_.resize(std::max(1U, changes_max));
  accounted_ = static_cast<std::int64_t>(open_.capacity() * sizeof(Open) + history_.size() * sizeof(std::uint32_t) +
                                         changes_.size() * sizeof(AlertRow));
  store_.account(accounted_);
}

Episodes::~Episodes() {
  store_.account(-accounted_);
}

void Episodes::use_texts(model::TextHolder* texts) {
  texts_ = texts;
}

void Episodes::hold_texts(const AlertRow& row) {
  if (texts_ == nullptr) return;
  for (const std::uint32_t text : {row.exe_text, row.key_text, row.name_text}) {
    if (text != 0) texts_->hold(text);
  }
}

void Episodes::let_go_texts(const AlertRow& row) {
  if (texts_ == nullptr) return;
  for (const std::uint32_t text : {row.exe_text, row.key_text, row.name_text}) {
    if (text != 0) texts_->let_go(text);
  }
}

Episodes::Open* Episodes::find(const Finding& finding, std::uint32_t app) {
  for (Open& open : open_) {
    const AlertRow& row = rows_.at(open.slot);
    if (row.app == app && row.kind == finding.kind && row.part == finding.part && row.remote == finding.remote &&
        row.remote_port == finding.remote_port)
      return &open;
  }
  return nullptr;
}

bool Episodes::has_open(std::uint32_t app) const {
  return std::any_of(open_.begin(), open_.end(), [&](const Open& open) { return rows_.at(open.slot).app == app + 1; });
}

void Episodes::remove_row(std::uint32_t slot) {
  let_go_texts(rows_.at(slot));
  rows_.remove(slot);
  ++counters_.evicted;
}

std::uint32_t Episodes::add_row() {
  if (open_.size() >= open_.capacity()) close(0, rows_.at(open_.front().slot).updated_ns);
  if (rows_.full()) {
    if (history_used_ == 0) close(0, rows_.at(open_.front().slot).updated_ns);
    remove_row(history_[history_begin_]);
    history_begin_ = (history_begin_ + 1) % history_.size();
    --history_used_;
  }
  return rows_.add();
}

void Episodes::close(std::size_t index, TimeNs time) {
  const std::uint32_t slot = open_[index].slot;
  open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(index));
  AlertRow& row = rows_.edit(slot);
  row.open = false;
  row.change = Change::kClosed;
  row.updated_ns = std::max(row.updated_ns, time);
  row.sequence = next_sequence_++;
  queue(row);
  history_[(history_begin_ + history_used_) % history_.size()] = slot;
  ++history_used_;
}

bool Episodes::may_notify(Severity severity, TimeNs time) {
  if (severity == Severity::kInfo) return false;
  Bucket& bucket = buckets_[static_cast<std::size_t>(severity)];
  if (bucket.filled_ns == 0) bucket = {kBurst * budget_per_day_, time};
  const double days = static_cast<double>(time - bucket.filled_ns) / static_cast<double>(24 * kHour);
  bucket.tokens = std::min(kBurst * budget_per_day_, bucket.tokens + days * budget_per_day_);
  bucket.filled_ns = time;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

bool Episodes::report(const Finding& finding, const Actor& actor, std::string_view evidence, TimeNs time) {
  Open* open = find(finding, actor.app);
  const bool fresh = open == nullptr;
  if (fresh) {
    const std::uint32_t slot = add_row();
    open_.push_back({.slot = slot, .last_ns = time, .told_value = finding.value});
    open = &open_.back();
  }
  open->last_ns = time;
  AlertRow& row = rows_.edit(open->slot);
  bool told = fresh;
  row.change = fresh ? Change::kOpened : Change::kUpdated;
  if (fresh) {
    row.id = next_id_++;
    row.kind = finding.kind;
    row.part = finding.part;
    row.open = true;
    row.drill = drill_;
    row.opened_ns = time;
    row.since_ns = finding.since_ns == 0 ? time : finding.since_ns;
    row.app = actor.app;
    row.exe_text = actor.exe_text;
    row.key_text = actor.key_text;
    row.remote = finding.remote;
    row.remote_port = finding.remote_port;
    if (texts_ != nullptr && finding.remote != model::IpAddress{}) row.name_text = texts_->name_of(finding.remote);
    copy_text(row.comm, sizeof row.comm, actor.comm);
    hold_texts(row);
    ++counters_.opened;
  } else if (finding.severity > row.severity || finding.value >= open->told_value * kEscalation) {
    row.change = Change::kEscalated;
    open->told_value = finding.value;
    told = true;
  }
  row.process = actor.process;
  row.severity = std::max(row.severity, finding.severity);
  row.score = std::max(row.score, finding.score);
  row.metric = finding.metric;
  row.value = finding.value;
  row.expected_low = finding.expected_low;
  row.expected_high = finding.expected_high;
  row.samples = finding.samples;
  row.updated_ns = time;
  row.sequence = next_sequence_++;
  copy_text(row.evidence, sizeof row.evidence, evidence);
  if (told && !row.notified) row.notified = may_notify(row.severity, time);
  queue(row);
  return told;
}

void Episodes::queue(const AlertRow& row) {
  const auto at = [&](std::size_t index) -> AlertRow& { return changes_[(changes_begin_ + index) % changes_.size()]; };
  if (row.change == Change::kUpdated) {
    for (std::size_t i = changes_used_; i > 0; --i) {
      AlertRow& waiting = at(i - 1);
      if (waiting.id != row.id) continue;
      if (waiting.change != Change::kUpdated) break;
      waiting = row;  // The texts are the same.
      return;
    }
  }
  if (changes_used_ == changes_.size()) {
    // The oldest update goes first; without one, the oldest change.
    std::size_t victim = 0;
    while (victim < changes_used_ && at(victim).change != Change::kUpdated) ++victim;
    if (victim == changes_used_) victim = 0;
    let_go_texts(at(victim));
    for (std::size_t i = victim; i + 1 < changes_used_; ++i) at(i) = at(i + 1);
    --changes_used_;
    ++counters_.changes_lost;
  }
  at(changes_used_++) = row;
  hold_texts(row);
}

const AlertRow* Episodes::next_change() {
  return changes_used_ == 0 ? nullptr : &changes_[changes_begin_];
}

void Episodes::take_change() {
  let_go_texts(changes_[changes_begin_]);
  changes_begin_ = (changes_begin_ + 1) % changes_.size();
  --changes_used_;
}

void Episodes::advance(TimeNs now) {
  for (std::size_t i = 0; i < open_.size();) {
    if (now - open_[i].last_ns >= kQuietNs) {
      close(i, now);
    } else {
      ++i;
    }
  }
}

void Episodes::forget_app(std::uint32_t app) {
  for (std::size_t i = 0; i < open_.size();) {
    AlertRow& row = rows_.edit(open_[i].slot);
    if (row.app == app + 1) {
      close(i, row.updated_ns);
    } else {
      ++i;
    }
  }
}

}  // namespace ipm::alert

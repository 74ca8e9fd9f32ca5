#include "alert/episodes.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace ipm::alert {
namespace {

constexpr double kBurst = 3;  // Days of budget that can be saved up.

void copy_text(char* out, std::size_t size, std::string_view text) {
  const std::size_t bytes = text.copy(out, size - 1);
  std::memset(out + bytes, 0, size - bytes);
}

// Who reads nothing but the sentence must not take a rehearsal for the real thing.
void copy_evidence(AlertRow& row, std::string_view sentence) {
  constexpr std::string_view kDrill = "DRILL: ";
  const std::size_t begin = row.drill ? kDrill.copy(row.evidence, kDrill.size()) : 0;
  copy_text(row.evidence + begin, sizeof row.evidence - begin, sentence);
}

TimeNs quiet_of(const Finding& finding) {
  return finding.quiet_ns == 0 ? Episodes::kQuietNs : finding.quiet_ns;
}

std::array<std::uint32_t, 5> texts_of(const AlertRow& row) {
  return {row.exe_text, row.key_text, row.name_text, row.indicator_text, row.feed_text};
}

}  // namespace

Episodes::Episodes(PageStore& store, std::uint32_t alerts_max, std::uint32_t changes_max, std::uint32_t budget_per_day)
    : store_(store), rows_(store, alerts_max), budget_per_day_(budget_per_day), false_positives_(store) {
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
  false_positives_.use_texts(texts);
}

void Episodes::hold_texts(const AlertRow& row) {
  if (texts_ == nullptr) return;
  for (const std::uint32_t text : texts_of(row)) {
    if (text != 0) texts_->hold(text);
  }
}

void Episodes::let_go_texts(const AlertRow& row) {
  if (texts_ == nullptr) return;
  for (const std::uint32_t text : texts_of(row)) {
    if (text != 0) texts_->let_go(text);
  }
}

Episodes::Open* Episodes::find(const Finding& finding, std::uint32_t app) {
  const Subject subject = subject_of(finding);
  for (Open& open : open_) {
    const AlertRow& row = rows_.at(open.slot);
    if (row.app == app && subject_of(row) == subject) return &open;
  }
  return nullptr;
}

// Slots of apps go to others: the key says if it is the same program.
Episodes::Open* Episodes::resume(const Finding& finding, const Actor& actor, TimeNs time) {
  if (finding.remote == model::IpAddress{} || open_.size() >= open_.capacity()) return nullptr;
  const Subject subject = subject_of(finding);
  const auto at = [&](std::size_t index) -> std::uint32_t& {
    return history_[(history_begin_ + index) % history_.size()];
  };
  for (std::size_t i = history_used_; i > 0; --i) {
    const std::uint32_t slot = at(i - 1);
    const AlertRow& row = rows_.at(slot);
    if (time - row.updated_ns > kResumeNs) return nullptr;  // Those before closed earlier.
    if (row.app != actor.app || subject_of(row) != subject || row.key_text != actor.key_text) continue;
    if (row.verdict == Verdict::kFalsePositive) return nullptr;
    for (std::size_t j = i; j < history_used_; ++j) at(j - 1) = at(j);
    --history_used_;
    open_.push_back({.slot = slot, .last_ns = time, .quiet_ns = quiet_of(finding), .told_strength = row.strength});
    rows_.edit(slot).open = true;
    return &open_.back();
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
  if (row.told) queue(row);  // Who heard of it hears of its end, whatever was suppressed since.
  history_[(history_begin_ + history_used_) % history_.size()] = slot;
  ++history_used_;
}

// A note is never a notification, of whatever.
bool Episodes::may_notify(const Finding& finding, Severity severity, std::string_view app, TimeNs time) {
  if (severity == Severity::kInfo) return false;
  if (finding.always_notified || rules_of_operator_.is_critical(app)) return true;
  Bucket& bucket = buckets_[static_cast<std::size_t>(severity)];
  if (bucket.filled_ns == 0) bucket = {kBurst * budget_per_day_, time};
  const double days = static_cast<double>(time - bucket.filled_ns) / static_cast<double>(24 * kHour);
  bucket.tokens = std::min(kBurst * budget_per_day_, bucket.tokens + days * budget_per_day_);
  bucket.filled_ns = time;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

std::optional<std::uint32_t> Episodes::slot_of(std::uint64_t id) const {
  for (std::uint32_t slot = 0; slot < rows_.slots(); ++slot) {
    const AlertRow& row = rows_.at(slot);
    if (row.used && row.id == id) return slot;
  }
  return std::nullopt;
}

const AlertRow* Episodes::acknowledge(std::uint64_t id, TimeNs time) {
  const auto slot = slot_of(id);
  if (!slot) return nullptr;
  AlertRow& row = rows_.edit(*slot);
  if (row.acknowledged) return &row;  // Said again: no change to tell, or who answers each change would never end.
  row.acknowledged = true;
  if (row.verdict != Verdict::kSuppressed) row.verdict = Verdict::kAcknowledged;
  row.change = row.open ? Change::kUpdated : Change::kClosed;
  row.updated_ns = time;
  row.sequence = next_sequence_++;
  if (row.verdict != Verdict::kSuppressed) queue(row);
  return &row;
}

const AlertRow* Episodes::call_false_positive(std::uint64_t id, TimeNs time) {
  const auto slot = slot_of(id);
  if (!slot) return nullptr;
  AlertRow& row = rows_.edit(*slot);
  row.verdict = Verdict::kFalsePositive;
  false_positives_.take(row);
  const auto open = std::find_if(open_.begin(), open_.end(), [&](const Open& each) { return each.slot == *slot; });
  if (open != open_.end()) close(static_cast<std::size_t>(open - open_.begin()), time);
  return &rows_.at(*slot);
}

Episodes::Open& Episodes::open_new(const Finding& finding, const Actor& actor, TimeNs time) {
  const std::uint32_t slot = add_row();
  AlertRow& row = rows_.edit(slot);
  row.id = next_id_++;
  row.kind = finding.kind;
  row.part = finding.part;
  row.open = true;
  row.drill = drills_ != 0;
  row.opened_ns = time;
  row.since_ns = finding.since_ns == 0 ? time : finding.since_ns;
  row.app = actor.app;
  row.exe_text = actor.exe_text;
  row.key_text = actor.key_text;
  row.remote = finding.remote;
  row.remote_port = finding.remote_port;
  row.indicator_text = finding.indicator_text;
  row.feed_text = finding.feed_text;
  if (texts_ != nullptr && finding.remote != model::IpAddress{}) {
    row.name_text = texts_->name_of(finding.remote);
    row.place = texts_->place_of(finding.remote);
  }
  copy_text(row.comm, sizeof row.comm, actor.comm);
  copy_text(row.threshold, sizeof row.threshold, finding.threshold);
  hold_texts(row);
  ++counters_.opened;
  return open_.emplace_back(
      Open{.slot = slot, .last_ns = time, .quiet_ns = quiet_of(finding), .told_strength = finding.strength});
}

void Episodes::renew(AlertRow& row, const Finding& finding, const Actor& actor, std::string_view evidence,
                     TimeNs time) {
  row.process = actor.process;
  row.severity = std::max(row.severity, finding.severity);
  row.score = std::max(row.score, finding.score);
  row.metric = finding.metric;
  row.value = finding.value;
  row.expected_low = finding.expected_low;
  row.expected_high = finding.expected_high;
  row.strength = finding.strength;
  row.samples = finding.samples;
  row.listed_unix_ns = finding.listed_unix_ns;
  row.tail_probability = static_cast<float>(finding.tail_probability);
  row.confidence = static_cast<float>(finding.confidence);
  row.updated_ns = time;
  row.sequence = next_sequence_++;
  copy_evidence(row, evidence);
}

bool Episodes::report(const Finding& finding, const Actor& actor, std::string_view evidence, TimeNs time) {
  Open* open = find(finding, actor.app);
  if (open == nullptr && false_positives_.cover(finding, actor.app)) {
    ++counters_.accepted;
    return false;
  }
  if (open == nullptr) open = resume(finding, actor, time);
  const bool fresh = open == nullptr;
  if (fresh) open = &open_new(finding, actor, time);
  open->last_ns = time;
  const AlertRow& before = rows_.at(open->slot);
  const bool stronger = finding.strength != 0 && finding.strength >= open->told_strength * kEscalation;
  const bool escalates = !fresh && (finding.severity > before.severity || stronger);
  // What was kept from whoever listens is told as soon as it may be.
  if (finding.goes_on && !fresh && !escalates && before.verdict != Verdict::kSuppressed) return false;
  if (escalates) open->told_strength = finding.strength;
  AlertRow& row = rows_.edit(open->slot);
  row.change = fresh ? Change::kOpened : escalates ? Change::kEscalated : Change::kUpdated;
  renew(row, finding, actor, evidence, time);
  const std::string_view app = texts_ == nullptr ? std::string_view{} : texts_->view(actor.key_text);
  if (rules_of_operator_.suppresses(finding, app, time)) {
    row.verdict = Verdict::kSuppressed;
    return fresh || escalates;
  }
  row.verdict = row.acknowledged ? Verdict::kAcknowledged : Verdict::kNone;
  if (!row.told && !row.acknowledged) row.change = Change::kOpened;  // Nobody has heard of it.
  const bool news = row.change != Change::kUpdated;
  if (row.acknowledged && !news) return false;  // It is known.
  if (news && !row.notified) row.notified = may_notify(finding, row.severity, app, time);
  queue(row);
  return news;
}

void Episodes::queue(AlertRow& row) {
  row.told = true;
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
    if (now - open_[i].last_ns >= open_[i].quiet_ns) {
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
  false_positives_.forget_app(app + 1);
}

}  // namespace ipm::alert

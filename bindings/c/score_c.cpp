#include <ipm/score.h>

#include <cmath>
#include <vector>

#include "baseline/baseline.h"
#include "baseline/consensus.h"
#include "guard.h"

using ipm::Code;
using ipm::Status;
using ipm::baseline::Baseline;
using ipm::baseline::Cause;
using ipm::baseline::Consensus;
using ipm::baseline::Options;
using ipm::baseline::Score;
using ipm::capi::guard;

static_assert(IPM_CAUSE_VALUE == static_cast<int>(Cause::kValue) &&
              IPM_CAUSE_LEVEL == static_cast<int>(Cause::kLevel) &&
              IPM_CAUSE_TREND == static_cast<int>(Cause::kTrend) && IPM_CAUSE_DRIFT == static_cast<int>(Cause::kDrift));

struct ipm_scorer {
  Options options;
  std::vector<Baseline> baselines;
  std::vector<Score> scores;  // Of the last update.
  Consensus consensus;
  bool updated = false;
};

namespace {

constexpr std::uint32_t kMetricsMax = 1'024;
constexpr std::int32_t kUtcOffsetMaxS = 24 * 3'600;

Status read_options(const ipm_scorer_options* given, std::uint32_t& metrics, Options& out) {
  ipm_scorer_options options;
  if (Status status = ipm::capi::read_struct(given, options, "options"); !status.ok()) return status;
  metrics = options.metrics == 0 ? 1 : options.metrics;
  if (metrics > kMetricsMax) return Status::invalid_argument("options.metrics: a scorer has at most 1024 metrics");
  if (options.log_scale < 0 || options.log_scale > 1) return Status::invalid_argument("options.log_scale: 0 or 1");
  if (!(options.threshold >= 0 && options.threshold <= 1)) {
    return Status::invalid_argument("options.threshold: from 0 to 1");
  }
  if (!(options.resolution >= 0) || std::isinf(options.resolution)) {
    return Status::invalid_argument("options.resolution: 0 or a positive number");
  }
  out.log_scale = options.log_scale == 1;
  out.resolution = options.resolution;
  if (options.threshold > 0) out.threshold = options.threshold;
  if (options.hold_samples > 0) out.hold_samples = options.hold_samples;
  return Status::success();
}

ipm_score to_c(const Score& score, std::uint32_t metric) {
  ipm_score out{};
  out.alarm = score.alarm ? 1 : 0;
  out.record = score.record ? 1 : 0;
  out.metric = metric;
  out.score = score.score;
  out.held = score.held;
  out.value = score.value;
  out.expected = score.expected;
  out.expected_low = score.expected_low;
  out.expected_high = score.expected_high;
  out.deviation_percent = score.deviation_percent;
  out.confidence = score.confidence;
  out.samples = score.samples;
  for (std::uint32_t i = 0; i < Score::kReasons; ++i) {
    const ipm::baseline::Reason& reason = score.reasons[i];
    out.reasons[i] = {static_cast<std::int32_t>(reason.cause), 0, reason.surprise, reason.value, reason.expected};
  }
  return out;
}

}  // namespace

extern "C" {

ipm_status ipm_scorer_open(ipm_scorer** out, const ipm_scorer_options* options) {
  return guard([&]() -> Status {
    if (out == nullptr) return Status::invalid_argument("out is NULL");
    *out = nullptr;
    auto scorer = std::make_unique<ipm_scorer>();
    std::uint32_t metrics = 0;
    if (Status status = read_options(options, metrics, scorer->options); !status.ok()) return status;
    scorer->baselines.resize(metrics);
    scorer->scores.resize(metrics);
    *out = scorer.release();
    return Status::success();
  });
}

void ipm_scorer_close(ipm_scorer* scorer) {
  delete scorer;
}

ipm_status ipm_scorer_update(ipm_scorer* scorer, int64_t time_ns, int32_t utc_offset_s, const double* values,
                             uint32_t value_count, ipm_score* out) {
  return guard([&]() -> Status {
    if (scorer == nullptr) return Status::invalid_argument("scorer is NULL");
    if (values == nullptr || value_count != scorer->baselines.size()) {
      return Status::invalid_argument("values: the scorer was opened for " + std::to_string(scorer->baselines.size()) +
                                      " metrics");
    }
    if (utc_offset_s < -kUtcOffsetMaxS || utc_offset_s > kUtcOffsetMaxS) {
      return Status::invalid_argument("utc_offset_s: at most a day");
    }
    if (out != nullptr) {  // Before anything is learned.
      if (Status status = ipm::capi::write_struct(ipm_score{}, out, "out"); !status.ok()) return status;
    }
    const std::int64_t local_s = time_ns / ipm::kSecond + utc_offset_s;
    for (std::uint32_t i = 0; i < value_count; ++i) {
      scorer->scores[i] = scorer->baselines[i].update(scorer->options, local_s, values[i]);
    }
    scorer->updated = true;
    const Consensus::Result all = scorer->consensus.step(scorer->options, scorer->scores);
    if (out != nullptr) {
      ipm_score shown = to_c(scorer->scores[all.strongest], all.strongest);
      shown.score = all.score;
      shown.held = all.held;
      shown.alarm = all.alarm ? 1 : 0;
      if (Status status = ipm::capi::write_struct(shown, out, "out"); !status.ok()) return status;
    }
    return all.missing ? Status(Code::kNull) : Status::success();
  });
}

ipm_status ipm_scorer_metric(const ipm_scorer* scorer, uint32_t metric, ipm_score* out) {
  return guard([&]() -> Status {
    if (scorer == nullptr) return Status::invalid_argument("scorer is NULL");
    if (metric >= scorer->scores.size()) {
      return Status::not_found("metric " + std::to_string(metric) + ": the scorer has " +
                               std::to_string(scorer->scores.size()));
    }
    if (!scorer->updated) return {Code::kState, "the scorer has seen no sample yet"};
    const Score& score = scorer->scores[metric];
    if (Status status = ipm::capi::write_struct(to_c(score, metric), out, "out"); !status.ok()) return status;
    return score.missing ? Status(Code::kNull) : Status::success();
  });
}

ipm_status ipm_scorer_accept(ipm_scorer* scorer) {
  return guard([&]() -> Status {
    if (scorer == nullptr) return Status::invalid_argument("scorer is NULL");
    for (Baseline& baseline : scorer->baselines) baseline.accept();
    scorer->consensus.accept();
    return Status::success();
  });
}

const char* ipm_cause_name(int32_t cause) {
  return ipm::baseline::cause_name(cause < 0 || cause > 0xff ? Cause{0xff} : static_cast<Cause>(cause));
}

}  // extern "C"

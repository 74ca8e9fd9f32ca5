#include "scorer.h"

#include <pybind11/numpy.h>

#include <memory>

#include "raise.h"

namespace py = pybind11;

namespace ipm_py {
namespace {

using Values = py::array_t<double, py::array::c_style | py::array::forcecast>;
using Times = py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>;

struct Close {
  void operator()(ipm_scorer* scorer) const noexcept { ipm_scorer_close(scorer); }
};

py::dict score_dict(const ipm_score& score) {
  py::list reasons;
  for (const ipm_score_reason& reason : score.reasons) {
    if (reason.cause == IPM_CAUSE_NONE) break;
    py::dict one;
    one["cause"] = ipm_cause_name(reason.cause);
    one["surprise"] = reason.surprise;
    one["value"] = reason.value;
    one["expected"] = reason.expected;
    reasons.append(one);
  }
  py::dict out;
  out["score"] = score.score;
  out["held"] = score.held;
  out["alarm"] = score.alarm != 0;
  out["record"] = score.record != 0;
  out["metric"] = score.metric;
  out["value"] = score.value;
  out["expected"] = score.expected;
  out["expected_low"] = score.expected_low;
  out["expected_high"] = score.expected_high;
  out["deviation_percent"] = score.deviation_percent;
  out["confidence"] = score.confidence;
  out["samples"] = score.samples;
  out["reasons"] = reasons;
  return out;
}

ipm_score empty_score() {
  ipm_score out{};
  out.struct_size = sizeof out;
  return out;
}

class Scorer {
 public:
  Scorer(std::uint32_t metrics, bool log_scale, std::uint32_t hold_samples, double threshold, double resolution)
      : metrics_(metrics) {
    ipm_scorer_options options{};
    options.struct_size = sizeof options;
    options.metrics = metrics;
    options.log_scale = log_scale ? 1 : 0;
    options.hold_samples = hold_samples;
    options.threshold = threshold;
    options.resolution = resolution;
    ipm_scorer* opened = nullptr;
    check(ipm_scorer_open(&opened, &options));
    scorer_.reset(opened);
  }

  py::dict update(std::int64_t time_ns, std::int32_t utc_offset_s, const Values& values) {
    ipm_score score = empty_score();
    check(ipm_scorer_update(scorer_.get(), time_ns, utc_offset_s, values.data(),
                            static_cast<std::uint32_t>(values.size()), &score));
    return score_dict(score);
  }

  py::dict metric(std::uint32_t index) {
    ipm_score score = empty_score();
    check(ipm_scorer_metric(scorer_.get(), index, &score));
    return score_dict(score);
  }

  void accept() { check(ipm_scorer_accept(scorer_.get())); }

  // A row of `values` for each time. With the GIL throughout: another thread must not come in between.
  py::dict update_many(const Times& times, std::int32_t utc_offset_s, const Values& values) {
    const py::ssize_t rows = times.size();
    if (values.size() != rows * static_cast<py::ssize_t>(metrics_)) {
      throw py::value_error("values must have one row for each time, of one number for each metric");
    }
    py::array_t<double> score(rows), held(rows), expected(rows), low(rows), high(rows);
    py::array_t<bool> alarm(rows);
    py::array_t<std::uint32_t> metric(rows);
    for (py::ssize_t row = 0; row < rows; ++row) {
      ipm_score out = empty_score();
      check(ipm_scorer_update(scorer_.get(), times.data()[row], utc_offset_s, values.data() + row * metrics_, metrics_,
                              &out));
      score.mutable_data()[row] = out.score;
      held.mutable_data()[row] = out.held;
      expected.mutable_data()[row] = out.expected;
      low.mutable_data()[row] = out.expected_low;
      high.mutable_data()[row] = out.expected_high;
      alarm.mutable_data()[row] = out.alarm != 0;
      metric.mutable_data()[row] = out.metric;
    }
    py::dict result;
    result["score"] = score;
    result["held"] = held;
    result["alarm"] = alarm;
    result["expected"] = expected;
    result["expected_low"] = low;
    result["expected_high"] = high;
    result["metric"] = metric;
    return result;
  }

 private:
  std::unique_ptr<ipm_scorer, Close> scorer_;
  std::uint32_t metrics_;
};

}  // namespace

void bind_scorer(py::module_& module) {
  py::class_<Scorer>(module, "Scorer")
      .def(py::init<std::uint32_t, bool, std::uint32_t, double, double>(), py::arg("metrics") = 1,
           py::arg("log_scale") = false, py::arg("hold_samples") = 0, py::arg("threshold") = 0.0,
           py::arg("resolution") = 0.0)
      .def("update", &Scorer::update, py::arg("time_ns"), py::arg("utc_offset_s"), py::arg("values"))
      .def("update_many", &Scorer::update_many, py::arg("times"), py::arg("utc_offset_s"), py::arg("values"))
      .def("metric", &Scorer::metric, py::arg("index"))
      .def("accept", &Scorer::accept);
}

}  // namespace ipm_py

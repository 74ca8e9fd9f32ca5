#!/usr/bin/python3
"""What `ipm score` reaches on labelled series: NAB's score of the held alarm, split-half, and the threshold-free figures of --raw.

  series_report.py --data ../shared/data/series --ipm build/ipm [--fixed 0.9] [--floor standard=60 …]

Split-half: the threshold from one half of the files, the score on the other; the mean of ten seeded splits.
A figure below its floor is named, and the exit code is 1. A score that changes with what comes after it ends the run.
"""
import argparse
import random
import sys

import numpy as np

import score_series


def checked_scores(command, corpus):
    """Scores per file; each file is also scored up to 71 % and compared."""
    scores = {}
    for name, (lines, _, _) in corpus.items():
        whole = score_series.run(command, lines)
        head = score_series.run(command, lines[:int(len(lines) * 0.71)])
        if any(abs(a - b) > 1e-9 for a, b in zip(head, whole)):
            raise SystemExit("%s: a score changes with what comes after it" % name)
        scores[name] = whole
    return scores


def fixed_score(corpus, scores, profile, threshold):
    raw = score_series.at_threshold(corpus, scores, profile, threshold)
    return score_series.normalise(corpus, sum(raw.values()), profile)


def split_half(corpus, scores, profile, splits=10):
    names, rng, results = sorted(corpus), random.Random(1), []
    for _ in range(splits):
        rng.shuffle(names)
        halves = names[::2], names[1::2]
        raw = 0.0
        for chosen, scored in (halves, halves[::-1]):
            _, threshold, _ = score_series.sweep({n: corpus[n] for n in chosen}, scores, profile)
            raw += sum(score_series.at_threshold({n: corpus[n] for n in scored}, scores, profile, threshold).values())
        results.append(score_series.normalise(corpus, raw, profile))
    return float(np.mean(results))


def figures(ipm, folder, fixed):
    corpus = score_series.load(folder)
    held = checked_scores(ipm + " score", corpus)
    out = {}
    for profile in score_series.PROFILES:
        raw, threshold, (hit, windows, false_points) = score_series.sweep(corpus, held, profile)
        out[profile] = score_series.normalise(corpus, raw, profile)
        if profile == "standard":
            out.update(threshold=threshold, windows_hit=hit, windows=windows, false_points=false_points)
    out["fixed"] = fixed_score(corpus, held, "standard", fixed)
    out["fixed_low_FP"] = fixed_score(corpus, held, "low_FP", fixed)
    if len(corpus) > 1:
        out["split_half"] = split_half(corpus, held, "standard")
    means, _ = score_series.pointwise(corpus, checked_scores(ipm + " score --raw", corpus))
    out.update(ROC_AUC=means[0], AP=means[1], VUS_PR=means[3])
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--ipm", required=True)
    parser.add_argument("--fixed", type=float, default=0.9)
    parser.add_argument("--floor", action="append", default=[], metavar="FIGURE=VALUE")
    arguments = parser.parse_args()
    measured = figures(arguments.ipm, arguments.data, arguments.fixed)
    for name, value in measured.items():
        print("%-13s %.4g" % (name, value))
    below = 0
    for floor in arguments.floor:
        name, least = floor.split("=")
        if measured[name] < float(least):
            print("%s is below %s" % (name, least))
            below = 1
    return below


if __name__ == "__main__":
    sys.exit(main())

"""Where the captures are: the folder IPM_CAPTURES names, with the truth beside each capture."""
import os

CORPUS = os.environ.get("IPM_CAPTURES") or os.path.normpath(
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "data", "captures"))


def load():
    return [{"path": f} for f in sorted(os.listdir(CORPUS)) if f.endswith((".pcap", ".pcapng"))]


def truth_path(rel):
    return os.path.join(CORPUS, rel + ".truth.jsonl")

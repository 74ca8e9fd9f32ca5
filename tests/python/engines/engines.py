#!/usr/bin/python3
"""Engines that nobody here wrote read the same from a table as the C cursor does: nulls, sums and texts of each column.

engines.py IPM_CLI FOLDER: FOLDER gets the npm packages of package.json. Exits with 77 where they cannot be had, but for
IPM_REQUIRE_ENGINES=1. The Arrow C stream goes to DuckDB through its capsule; IPC, stream and file, to apache-arrow and
Polars.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import ipm

HERE = Path(__file__).resolve().parent
# With several batches, nulls of every type, and tables with few rows and with none.
CASES = [
    ("synthetic:?seed=2&events=400000&flows=80000", ["connections", "processes", "apps", "endpoints", "ledger"]),
    ("drill:beacon", ["alerts", "baselines", "interfaces"]),
]
MEMORY = 1 << 30


def give_up(why: str) -> None:
    print(f"no engines: {why}")
    sys.exit(1 if os.environ.get("IPM_REQUIRE_ENGINES") == "1" else 77)


def install(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "package.json").read_text()
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if shutil.which("npm") is None or shutil.which("node") is None:
        give_up("node and npm are not installed")
    shutil.copy(HERE / "package.json", folder)
    try:
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"],
            cwd=folder, capture_output=True, text=True, timeout=240,
        )
    except subprocess.TimeoutExpired:
        give_up("npm install took longer than 240 s")
    if done.returncode != 0:
        give_up("npm install failed: " + done.stderr.strip()[-500:])
    stamp.write_text(wanted)


def truth(cli: str, source: str, table: str) -> dict[str, Any]:
    """By the C cursor, as the CLI prints it."""
    done = subprocess.run(
        [cli, "table", table, source, "--format", "jsonl", "--memory-max", str(MEMORY)],
        capture_output=True, text=True, check=True,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    columns = {}
    for column in ipm.columns(table):
        cells = [row.get(column.name) for row in rows]
        there = [cell for cell in cells if cell is not None]
        text = column.type == "text"
        columns[column.name] = {
            "nulls": len(cells) - len(there),
            "sum": 0 if text else sum(there) if column.type != "double" else sum(round(cell) for cell in there),
            "texts": len(set(there)) if text else 0,
        }
        if column.type == "time":
            columns[column.name]["sum_us"] = sum(cell // 1000 * 1000 for cell in there)
    return {"rows": len(rows), "columns": columns}


def by_node(folder: Path, engine: str, path: Path) -> dict[str, Any]:
    done = subprocess.run(
        ["node", str(HERE / "read.mjs"), engine, str(path)],
        capture_output=True, text=True, env={**os.environ, "ENGINES": str(folder)},
    )
    if done.returncode != 0:
        raise SystemExit(f"{engine} could not read {path.name}: {done.stderr[-2000:]}")
    out: dict[str, Any] = json.loads(done.stdout)
    for column in out["columns"].values():
        column["sum"] = int(column["sum"])
    return out


class DuckDb:
    """As much of its C API as it takes: https://duckdb.org/docs/stable/clients/c/api"""

    def __init__(self, folder: Path) -> None:
        self.lib = ctypes.CDLL(str(next(folder.glob("node_modules/@duckdb/node-bindings-linux-*/libduckdb.so"))))
        self.lib.duckdb_value_varchar.restype = ctypes.c_void_p
        self.lib.duckdb_value_varchar.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64]
        self.lib.duckdb_result_error.restype = ctypes.c_char_p
        self.lib.duckdb_free.argtypes = [ctypes.c_void_p]
        self.database, self.connection = ctypes.c_void_p(), ctypes.c_void_p()
        assert self.lib.duckdb_open(None, ctypes.byref(self.database)) == 0
        assert self.lib.duckdb_connect(self.database, ctypes.byref(self.connection)) == 0

    def query(self, sql: str) -> ctypes.Array[ctypes.c_char]:
        result = ctypes.create_string_buffer(256)  # A duckdb_result is smaller.
        if self.lib.duckdb_query(self.connection, sql.encode(), result) != 0:
            raise SystemExit(f"DuckDB: {self.lib.duckdb_result_error(result)!r} of {sql[:200]}")
        return result

    def scan(self, table: ipm.Table) -> None:
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        capsule = table.__arrow_c_stream__()
        stream = ctypes.c_void_p(pointer(capsule, b"arrow_array_stream"))
        assert self.lib.duckdb_arrow_scan(self.connection, b"v", stream) == 0
        self.query("create or replace table t as select * from v")  # All columns at once: it misreads a part of them.

    def read(self, table: ipm.Table) -> dict[str, Any]:
        self.scan(table)
        types = {column.name: column.type for column in ipm.columns(table.name)}
        parts = []
        for name in table.columns:
            quoted = f'"{name}"'
            number = {
                "text": "0", "time": f"coalesce(sum(epoch_ns({quoted})::hugeint), 0)",
                "double": f"coalesce(sum(round_even({quoted}, 0)::hugeint), 0)", "bool": f"coalesce(sum({quoted}::int), 0)",
            }.get(types[name], f"coalesce(sum({quoted}::hugeint), 0)")
            texts = f"count(distinct {quoted})" if types[name] == "text" else "0"
            parts += [f"count(*) - count({quoted})", number, texts]
        result = self.query("select count(*), " + ", ".join(parts) + " from t")
        values = []
        for index in range(len(parts) + 1):
            text = self.lib.duckdb_value_varchar(result, index, 0)
            values.append(int(ctypes.string_at(text)))
            self.lib.duckdb_free(text)
        self.lib.duckdb_destroy_result(result)
        triples = zip(values[1::3], values[2::3], values[3::3])
        return {
            "rows": values[0],
            "columns": {n: {"nulls": a, "sum": b, "texts": c} for n, (a, b, c) in zip(table.columns, triples)},
        }


def differences(engine: str, table: str, told: dict[str, Any], known: dict[str, Any]) -> list[str]:
    types = {column.name: column.type for column in ipm.columns(table)}
    out = [] if told["rows"] == known["rows"] else [f"{engine} {table}: {told['rows']} rows, not {known['rows']}"]
    for name, right in known["columns"].items():
        seen = told["columns"].get(name)
        if seen is None:
            out.append(f"{engine} {table}.{name} is missing")
            continue
        sum_known = right.get("sum_us", right["sum"]) if "DuckDB" in engine else right["sum"]  # Its times are in us.
        # A half is rounded by each engine in its own way, and the CLI prints 17 digits.
        slack = known["rows"] if types[name] == "double" else 0
        if seen["nulls"] != right["nulls"] or seen["texts"] != right["texts"] or abs(seen["sum"] - sum_known) > slack:
            out.append(f"{engine} {table}.{name}: {seen}, not {right}")
    return out


def main() -> int:
    cli, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    install(folder)
    duck = DuckDb(folder)
    wrong: list[str] = []
    compared = 0
    with tempfile.TemporaryDirectory() as work:
        for source, tables in CASES:
            with ipm.Monitor(source, memory_max_bytes=MEMORY) as monitor:
                monitor.run()
                for name in tables:
                    known = truth(cli, source, name)
                    table = monitor.table(name)
                    stream, file = Path(work) / f"{name}.arrows", Path(work) / f"{name}.arrow"
                    stream.write_bytes(table.to_ipc())
                    table.write_ipc(file)
                    seen = {"DuckDB, C stream": duck.read(table)}
                    for path, form in ((stream, "IPC stream"), (file, "IPC file")):
                        seen[f"apache-arrow, {form}"] = by_node(folder, "arrow", path)
                        seen[f"Polars, {form}"] = by_node(folder, "polars", path)
                    for engine, told in seen.items():
                        wrong += differences(engine, name, told, known)
                        compared += len(known["columns"])
                    nulls = sum(column["nulls"] for column in known["columns"].values())
                    print(f"{name}: {known['rows']} rows, {nulls} nulls, {len(seen)} readers", flush=True)
    print("\n".join(wrong[:40]))
    print(f"{compared} columns compared, {len(wrong)} differences")
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    sys.exit(main())

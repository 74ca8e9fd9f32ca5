"""Tables: the same cells by every way out, without copies where none is promised, alive as long as they are used."""

from __future__ import annotations

import gc
import ipaddress
from pathlib import Path

import arrow_consumer
import ipm
import numpy as np
import pandas as pd
import pytest
from conftest import flow_events


def test_every_way_out_gives_the_same_cells(monitor: ipm.Monitor) -> None:
    for name in ipm.table_names():
        table = monitor.table(name)
        by_arrow = arrow_consumer.read(table.__arrow_c_stream__()).columns
        rows = list(table.rows())
        frame = table.to_pandas()
        assert len(rows) == len(frame) == len(table)
        for column in table.columns:
            kind = {c.name: c.type for c in ipm.columns(name)}[column]
            told = [None if row[column] is None else row[column] for row in rows]
            if kind == "time":
                told = [None if cell is None else int(cell.astype("int64")) for cell in told]
                framed = [None if pd.isna(cell) else cell.value for cell in frame[column]]
            else:
                framed = [None if pd.isna(cell) else cell for cell in frame[column]]
            assert told == by_arrow[column], (name, column)
            assert framed == by_arrow[column], (name, column)


def test_types_are_those_the_columns_declare(monitor: ipm.Monitor) -> None:
    table = monitor.connections()
    formats = arrow_consumer.read(table.__arrow_c_stream__())
    by_name = dict(zip(formats.names, formats.formats))
    assert by_name["opened"] == "tsn:UTC"
    assert by_name["tx_bytes"] == "l"
    assert by_name["remote_addr"] == "u"
    assert by_name["comm"] == "i"
    frame = table.to_pandas()
    assert str(frame["first_seen" if "first_seen" in frame else "opened"].dtype) == "datetime64[ns, UTC]"
    assert isinstance(frame["comm"].dtype, pd.CategoricalDtype)
    assert str(frame["srtt_us"].dtype) == "Int64"
    assert table["tx_bytes"].dtype == np.int64
    assert table["opened"].dtype == np.dtype("datetime64[ns]")


def test_a_null_is_masked_and_never_0(monitor: ipm.Monitor) -> None:
    table = monitor.connections()
    nulls = [row["srtt_us"] is None for row in table.rows()]
    assert 0 < sum(nulls) < len(nulls)
    values = table["srtt_us"]
    assert np.ma.isMaskedArray(values)
    assert np.ma.getmaskarray(values).tolist() == nulls
    assert table.to_pandas()["srtt_us"].isna().tolist() == nulls
    batch = next(table.batches())
    valid = batch.valid("srtt_us")
    assert valid is not None and (~valid).tolist() == nulls
    assert batch.valid("tx_bytes") is None or not batch.valid("tx_bytes").all()  # type: ignore[union-attr]


def _arrow_address(table: ipm.Table, column: str) -> int:
    import ctypes

    capsule = table.__arrow_c_stream__()
    stream = arrow_consumer.stream_in(capsule)
    array = arrow_consumer.Array()
    assert stream.get_next(ctypes.byref(stream), ctypes.byref(array)) == 0
    address = array.children[table.columns.index(column)].contents.buffers[1]
    array.release(ctypes.byref(array))
    return int(address)


def test_arrays_of_a_batch_are_views_read_only(monitor: ipm.Monitor) -> None:
    table = monitor.connections()
    batch = next(table.batches())
    for column in ("tx_bytes", "opened", "comm"):
        data = batch.data(column)
        assert data.__array_interface__["data"][0] == _arrow_address(table, column)
        assert not data.flags.writeable
        with pytest.raises(ValueError):
            data[0] = 0
    masked = batch.to_numpy("srtt_us")
    assert np.ma.getdata(masked).__array_interface__["data"][0] == _arrow_address(table, "srtt_us")


def test_arrays_outlive_table_and_monitor() -> None:
    m = ipm.Monitor("synthetic:?seed=1&events=20000")
    m.run()
    kept = next(m.batches("connections")).data("tx_bytes")
    before = kept.tolist()
    m.close()
    del m
    gc.collect()
    filler = [np.ones(len(kept), dtype=np.int64) for _ in range(200)]  # Would take the place of freed memory.
    assert kept.tolist() == before
    assert len(filler) == 200


def test_a_stream_can_be_asked_for_again_and_dropped_unread(monitor: ipm.Monitor) -> None:
    table = monitor.connections()
    first = arrow_consumer.read(table.__arrow_c_stream__())
    table.__arrow_c_stream__()  # Nobody takes it: its capsule releases it.
    schema = arrow_consumer.schema_in(capsule := table.__arrow_c_schema__())
    assert schema.n_children == len(table.columns)
    del capsule
    gc.collect()
    assert arrow_consumer.read(table.__arrow_c_stream__()) == first


def test_a_batch_taken_by_a_consumer_outlives_all_else() -> None:
    import ctypes

    with ipm.Monitor("synthetic:?seed=1&events=20000") as m:
        m.run()
        table = m.connections("tx_bytes >= 0", columns=["tx_bytes"])
        expected = table["tx_bytes"].tolist()
        capsule = table.__arrow_c_stream__()
        stream = arrow_consumer.stream_in(capsule)
        array = arrow_consumer.Array()
        assert stream.get_next(ctypes.byref(stream), ctypes.byref(array)) == 0
        stream.release(ctypes.byref(stream))
    del capsule, table, m
    gc.collect()
    data = (ctypes.c_int64 * array.length).from_address(array.children[0].contents.buffers[1])
    assert list(data) == expected
    array.release(ctypes.byref(array))


def test_no_bytes_are_kept_by_what_was_let_go() -> None:
    def resident() -> int:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * 4096

    with ipm.Monitor("synthetic:?seed=1&events=100000&flows=5000") as m:
        m.run()

        def once() -> None:
            table = m.connections()
            arrow_consumer.read(table.__arrow_c_stream__())
            table.__arrow_c_stream__()
            table.to_pandas()
            for batch in m.batches("connections"):
                batch.to_numpy("tx_bytes")

        for _ in range(3):
            once()
        gc.collect()
        before = resident()
        for _ in range(10):
            once()
        gc.collect()
        one_table = 62 * 8 * len(m.connections())
        assert resident() - before < 3 * one_table  # Ten that were kept would be more.


def test_several_batches_are_one_column() -> None:
    with ipm.Monitor("synthetic:?seed=2&events=600000&flows=100000", memory_max_bytes=1 << 30) as m:
        m.run()
        table = m.connections(columns=["comm", "tx_bytes", "srtt_us", "remote_addr"])
        assert sum(1 for _ in table.batches()) > 1
        assert len(table["tx_bytes"]) == len(table)
        read = arrow_consumer.read(table.__arrow_c_stream__())
        assert read.batches == sum(1 for _ in table.batches())
        assert np.ma.filled(table["tx_bytes"], -1).tolist() == [-1 if c is None else c for c in read.columns["tx_bytes"]]
        assert table["comm"].tolist() == read.columns["comm"]
        assert table.to_pandas()["comm"].astype(object).where(lambda s: s.notna(), None).tolist() == read.columns["comm"]
        assert [len(batch) for batch in m.batches("connections")] == [len(batch) for batch in table.batches()]


def test_a_table_without_rows() -> None:
    with ipm.Monitor() as m:
        table = m.connections()
        assert len(table) == 0
        assert table["tx_bytes"].dtype == np.int64 and len(table["tx_bytes"]) == 0
        frame = table.to_pandas()
        assert len(frame) == 0 and list(frame.columns) == table.columns
        assert arrow_consumer.read(table.__arrow_c_stream__()).batches == 0
        assert "0 rows" in table._repr_html_()


def test_filters_bound_values_and_shapes(monitor: ipm.Monitor) -> None:
    top = monitor.connections("tx_bytes >= ?1", 1, order_by="tx_bytes desc", limit=3, columns=["tx_bytes", "comm"])
    assert top.columns == ["tx_bytes", "comm"]
    assert len(top) == 3
    known = [row["tx_bytes"] for row in monitor.connections().rows() if row["tx_bytes"] is not None]
    assert top["tx_bytes"].tolist() == sorted(known, reverse=True)[:3]
    hostile = 'x"\nlimit = 0'
    assert len(monitor.processes("comm = ?1", hostile)) == 0
    with pytest.raises(ipm.InvalidArgumentError, match="tx_bytes"):
        monitor.connections("tx_byte >= 1")
    with pytest.raises(KeyError, match="there are pid"):
        monitor.processes()["pidd"]


def test_addresses_are_text_or_objects() -> None:
    with ipm.Monitor(flow_events()) as m:
        m.run()
        row = next(m.connections().rows())
        assert row["remote_addr"] == "2001:db8::7"
        row = next(m.connections().rows(addresses="ipaddress"))
        assert row["remote_addr"] == ipaddress.ip_address("2001:db8::7")
        assert row["nat_addr"] is None
        frame = m.connections().to_pandas(addresses="ipaddress")
        assert frame["local_addr"][0] == ipaddress.ip_address("10.0.0.1")
        with pytest.raises(ValueError, match="ipaddress"):
            m.connections().to_pandas(addresses="objects")


def test_html_escapes_what_programs_call_themselves() -> None:
    name = "<img src=x>"
    events = [dict(kind="process_start", time_ns=1_700_000_000 * 10**9, pid=10, start_ticks=5, comm=name)]
    with ipm.Monitor(events) as m:
        m.run()
        page = m.processes(columns=["comm"])._repr_html_()
        assert "&lt;img src=x&gt;" in page and "<img" not in page
    with ipm.Monitor("synthetic:?seed=1&events=20000") as m:
        m.run()
        assert "20 of 1100 rows, 16 of" in m.connections()._repr_html_()


def test_columns_say_what_they_mean() -> None:
    by_name = {column.name: column for column in ipm.columns("connections")}
    assert by_name["srtt_us"].unit == "us"
    assert by_name["srtt_us"].null_when != ""
    assert by_name["tx_bytes"].layer == "row"
    with ipm.Monitor() as m:
        assert m.connections().units["tx_bytes"] == "bytes"
    with pytest.raises(ipm.NotFoundError, match="connections"):
        ipm.columns("connection")

"""Lines, records and tables of files."""

from __future__ import annotations

import base64
import gzip
import zlib

import numpy as np
import pytest

from geartrain.data import (
    Dataset,
    FixedLengthRecordDataset,
    TextLineDataset,
    TFRecordDataset,
    experimental,
)
from geartrain.data.examples import (
    BytesList,
    Example,
    Feature,
    Features,
    FixedLenFeature,
    FixedLenSequenceFeature,
    FloatList,
    Int64List,
    SparseTensor,
    VarLenFeature,
    parse_example,
    parse_single_example,
    values_of,
)
from geartrain.data.readers import TFRecordWriter

# Three examples as TensorFlow 2.21 writes them: a = [i, -i 2^40], b = the first i of [x\0, yy], and
# c = [i, 0.5], for i from 0 to 2.
WRITTEN = zlib.decompress(
    base64.b85decode(
        "c-qrufPgmX!`@t)T-;oYi9&2rEL=<s3|xX-jLAYgLR?%NP(}7!>|BgVLQGr?Q=J#PSU^P=SJsAenQ@7LwDL>wa&a>@fWU"
        "+Q|Nk?hn9*PlHiH{v1{)X9jtT}r7w1A7s5vLLFAn0eLNbR5Y|a4;a~K@J=J12e0SbW3;bN++EU0;}1^~cKBb)"
    )
)  # fmt: skip


@pytest.fixture
def records(tmp_path):
    (tmp_path / "records").write_bytes(WRITTEN)
    return TFRecordDataset(tmp_path / "records")


def test_examples_of_tensorflow_are_parsed(records):
    features = {
        "a": FixedLenFeature((2,), "int64"),
        "b": VarLenFeature("string"),
        "c": FixedLenFeature((1, 2), np.float32),
        "d": FixedLenFeature((), "float32", default_value=7),
        "e": FixedLenSequenceFeature((), "int64", allow_missing=True),
    }
    found = parse_example(records.batch(3).get_single_element(), features)
    assert found["a"].tolist() == [[0, 0], [1, -(2**40)], [2, -(2**41)]]
    assert found["b"].dense().tolist() == [[b"", b""], [b"x\0", b""], [b"x\0", b"yy"]]
    assert found["b"].indices.tolist() == [[1, 0], [2, 0], [2, 1]]
    assert found["b"].shape == (3, 2) and found["b"].dtype == object
    np.testing.assert_array_equal(found["c"], [[[0, 0.5]], [[1, 0.5]], [[2, 0.5]]])
    assert found["d"].tolist() == [7, 7, 7] and found["e"].shape == (3, 0)
    singly = records.map(lambda record: parse_single_example(record, features))
    assert [one["a"].tolist() for one in singly] == found["a"].tolist()
    del features["b"]
    (batch,) = records.map(lambda record: parse_single_example(record, features)).batch(3)
    np.testing.assert_array_equal(batch["c"], found["c"])


def test_what_is_written_is_what_tensorflow_writes(records, tmp_path):
    with TFRecordWriter(str(tmp_path / "own")) as writer:
        for i in range(3):
            feature = {
                "a": Feature(int64_list=Int64List(value=[i, -i * 2**40])),
                "b": Feature(bytes_list=BytesList(value=[b"x\0", b"yy"][:i])),
                "c": Feature(float_list=FloatList(value=np.array([i, 0.5]))),
            }
            writer.write(Example(features=Features(feature=feature)).SerializeToString())
        writer.flush()
    own = list(TFRecordDataset(str(tmp_path / "own")))
    assert len((tmp_path / "own").read_bytes()) == len(WRITTEN)  # names in whatever order
    for one, other in zip(own, records, strict=True):
        first, second = values_of(one.numpy()), values_of(other.numpy())
        assert {k: v.tolist() for k, v in first.items()} == {
            k: v.tolist() for k, v in second.items()
        }
    for record in records:
        example = Example.FromString(record)
        assert example.SerializeToString() == record.numpy()
    assert example.features.feature["a"].int64_list.value == [2, -(2**41)]
    with TFRecordWriter(str(tmp_path / "packed"), "GZIP") as writer:
        writer.write(b"one")
    packed = TFRecordDataset([str(tmp_path / "packed")], compression_type="GZIP")
    assert [record.numpy() for record in packed] == [b"one"]


def test_records_that_do_not_fit_are_told(records, tmp_path):
    (first, *_) = list(records)
    for feature, message in (
        ({"a": FixedLenFeature((3,), "int64")}, r"to have shape \(3,\). Received: 2 values"),
        ({"a": FixedLenFeature((2,), "float32")}, "of dtype float32. Received: int64"),
        ({"z": FixedLenFeature((2,), "float32")}, "Give FixedLenFeature a default_value"),
    ):
        with pytest.raises(ValueError, match=message):
            parse_single_example(first, feature)
    with pytest.raises(ValueError, match=r"expected records that hold tf\.train\.Example"):
        values_of(b"\x0a\xff")
    (tmp_path / "cut").write_bytes(WRITTEN[:-5])
    with pytest.raises(ValueError, match=r"TFRecordDataset\('.*cut'\): expected"):
        list(TFRecordDataset(str(tmp_path / "cut")))
    with pytest.raises(NotImplementedError, match="needs _body: the bytes of"):
        type("Own", (Int64List.__mro__[1],), {})()._body()
    assert SparseTensor([[1]], [2.5], (3,)).dense(-1).tolist() == [-1, 2.5, -1]


def test_lines_come_without_their_ends(tmp_path):
    (tmp_path / "a").write_bytes("one\r\nh\u00e9\n\nlast".encode())
    (tmp_path / "b").write_bytes(zlib.compress(b"z\n"))
    (tmp_path / "c").write_bytes(gzip.compress(b"g\n"))
    lines = TextLineDataset(tmp_path / "a")
    assert [str(line) for line in lines] == ["one", "h\u00e9", "", "last"]
    assert lines.element_spec.dtype == "string"
    assert [str(x) for x in TextLineDataset([str(tmp_path / "b")], "ZLIB")] == ["z"]
    assert [str(x) for x in TextLineDataset(str(tmp_path / "c"), "GZIP")] == ["g"]
    with pytest.raises(ValueError, match="compression_type as '', 'GZIP' or 'ZLIB'"):
        list(TextLineDataset(tmp_path / "a", "LZ4"))
    names = Dataset.list_files(str(tmp_path / "[ab]"), shuffle=False)
    both = names.take(1).interleave(TextLineDataset, cycle_length=2)
    assert len(list(both)) == 4 and isinstance(lines.map(str), Dataset)
    assert type(lines.batch(2)) is Dataset
    with pytest.raises(OSError, match="nowhere"):
        list(TextLineDataset(str(tmp_path / "nowhere")))


def test_records_of_one_length(tmp_path):
    (tmp_path / "a").write_bytes(b"hh" + b"ab\0" + b"cd\0" + b"f")
    parts = FixedLengthRecordDataset(str(tmp_path / "a"), 3, 2, 1)
    assert [x.numpy() for x in parts] == [b"ab\0", b"cd\0"]
    with pytest.raises(ValueError, match="which are no whole number of them"):
        list(FixedLengthRecordDataset(str(tmp_path / "a"), 5))


TABLE = 'name,age,big,score,ok\n"Ann, B.",3,5000000000,0.5,1\nBob,,7,NA,0\nC\u00e9,-4,8,1e3,1\n'


@pytest.fixture
def table(tmp_path):
    (tmp_path / "a.csv").write_text(TABLE, encoding="utf-8")
    return str(tmp_path / "a.csv")


def test_columns_are_batches_of_dicts(table):
    """As TensorFlow 2.21 reads the same file."""
    data = experimental.make_csv_dataset(
        table.replace("a.csv", "*.csv"), 2, label_name="ok", num_epochs=1, shuffle=False,
        na_value="NA",
    )  # fmt: skip
    (first, labels), (last, _) = data.as_numpy_iterator()
    assert {name: (v.tolist(), str(v.dtype)) for name, v in first.items()} == {
        "name": ([b"Ann, B.", b"Bob"], "object"),
        "age": ([3, 0], "int32"),
        "big": ([5000000000, 7], "int64"),
        "score": ([0.5, 0.0], "float32"),
    }
    assert labels.tolist() == [1, 0] and last["name"].tolist() == ["C\u00e9".encode()]
    (some,) = experimental.make_csv_dataset(
        table, 3, select_columns=["score", 1], column_defaults=[-2, -1.5], na_value="NA",
        num_epochs=1, shuffle=False,
    )  # fmt: skip
    assert some["age"].tolist() == [3, -2, -4] and some["score"].tolist() == [0.5, -1.5, 1000]
    with pytest.raises(ValueError, match="expected a value in column 'age' of each row"):
        experimental.make_csv_dataset(table, 3, select_columns=["age"], column_defaults=["int64"])
    endless = experimental.make_csv_dataset(table, 2, shuffle_seed=1)
    assert int(experimental.cardinality(endless)) == -1
    ages = np.concatenate([batch["age"] for batch in endless.take(3)])
    assert sorted(ages.tolist()) == [-4, -4, 0, 0, 3, 3]


def test_rows_are_tuples(table):
    rows = experimental.CsvDataset(
        table, ["string", -1, np.int64, 9.0], header=True, na_value="NA", exclude_cols=[4]
    )
    found = [tuple(x.numpy() for x in row) for row in rows]
    assert found[0] == (b"Ann, B.", 3, 5000000000, 0.5) and found[1] == (b"Bob", -1, 7, 9.0)
    assert [one.dtype for one in rows.element_spec] == ["string", "int32", "int64", "float32"]
    chosen = experimental.CsvDataset(table, ["int64"], header=True, select_cols=[4])
    assert [int(x) for (x,) in chosen] == [1, 0, 1]
    with pytest.raises(ValueError, match="columns, as record_defaults has"):
        list(experimental.CsvDataset(table, ["int64"]))
    with pytest.raises(ValueError, match="expected values of dtype int64 in column 0"):
        list(experimental.CsvDataset(table, ["int64"], select_cols=[0]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"file_pattern": "/nowhere/*.csv"}, "expected files that match. Received"),
        ({"label_name": "scores"}, r"label_name as one of the columns: .*Did you mean 'score'"),
        ({"select_columns": ["ags"]}, r"select_columns as some of the columns.*Did you mean 'age'"),
        ({"column_names": ["a", "b"]}, "2 columns in each row"),
    ],
)
def test_mistakes_with_tables_are_told(arguments, message, table):
    with pytest.raises(ValueError, match=message):
        experimental.make_csv_dataset(**{"file_pattern": table, "batch_size": 2, **arguments})


def test_methods_are_functions_too():
    numbers = Dataset.range(6)
    for change, expected in (
        (experimental.unbatch(), [0, 1, 2, 3, 4, 5]),
        (experimental.take_while(lambda x: x.size < 4 and x[0] < 3), [[0, 1, 2]]),
        (experimental.enumerate_dataset(5), [[5, [0, 1, 2]], [6, [3, 4, 5]]]),
        (experimental.copy_to_device("/gpu:0"), [[0, 1, 2], [3, 4, 5]]),
        (experimental.prefetch_to_device("/gpu:0"), [[0, 1, 2], [3, 4, 5]]),
        (experimental.map_and_batch(lambda x: x.sum(), 2), [[3, 12]]),
    ):
        found = [
            [np.asarray(part).tolist() for part in one] if isinstance(one, tuple) else one.tolist()
            for one in numbers.batch(3).apply(change)
        ]
        assert found == expected
    shuffled = numbers.apply(experimental.shuffle_and_repeat(6, 2, seed=1))
    assert sorted(int(x) for x in shuffled) == sorted([*range(6)] * 2)
    assert int(experimental.get_single_element(numbers.take(1))) == 0

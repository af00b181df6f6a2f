"""Parquet files as sheets of text: typed columns are written in their canonical form."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from analisi.sources.foglio import MAX_CELLS, MAX_COLUMNS, Foglio, refuse


def read_parquet_sheet(path: Path) -> Foglio:
    """The cells of a Parquet file, the names of its columns as row 1.

    Raises:
        AnalisiError: the file is damaged, too large for memory, or holds columns of lists or records.
    """
    try:
        lazy = pl.scan_parquet(path)
        schema, height = lazy.collect_schema(), lazy.select(pl.len()).collect().item()
        if len(schema) > MAX_COLUMNS or len(schema) * height > MAX_CELLS:
            raise refuse(path, f"più di {MAX_COLUMNS} colonne o di {MAX_CELLS // 10**6} milioni di celle; leggerlo a parti")
        nested = next((name for name, dtype in schema.items() if dtype.is_nested() or dtype in (pl.Binary, pl.Object)), None)
        if nested is not None:
            raise refuse(path, f"la colonna «{nested[:60]}» non contiene testi, numeri o date")
        frame = lazy.collect()
        metadata = {str(k): str(v) for k, v in pl.read_parquet_metadata(path).items() if not str(k).startswith("ARROW")}
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise refuse(path, "il file Parquet è danneggiato o incompleto; chiedere di nuovo il file a chi lo ha inviato") from error
    numeric = [dtype.is_numeric() for dtype in schema.values()]
    naive = [pl.col(name).dt.strftime("%Y-%m-%d %H:%M:%S") for name, dtype in schema.items() if isinstance(dtype, pl.Datetime)]
    text = frame.with_columns(naive).select(pl.col(name).cast(pl.String).replace("", None).alias(f"c{i}") for i, name in enumerate(schema))
    heading = pl.DataFrame({f"c{i}": [name] for i, name in enumerate(schema)}, schema=text.schema)
    return Foglio(
        path,
        None,
        "parquet",
        pl.concat([heading, text]),
        is_number=lambda column: pl.Series([False] + [numeric[column]] * height, dtype=pl.Boolean),
        number_of=lambda column: pl.concat([pl.Series([None], dtype=pl.Float64), frame.to_series(column).cast(pl.Float64, strict=False)]),
        dressing="Parquet",
        metadata=metadata,
    )

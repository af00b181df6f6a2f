"""A made-up register and made-up communications, as extracts of several days."""

from pathlib import Path

import polars as pl
import pytest

from analisi.tables.catalogo import SIUL_COB, VOL_PROCEDURE
from analisi.vintages import layout
from tests.conftest import write_rows

COMMUNICATION = {
    "id_comunicazione": "COB-1", "tipo_comunicazione": "ASSUNZIONE", "modello": "UNILAV", "id_lavoratore": "9f2c0a7be4d15386c1f09e7a2b64d8c3",
    "cf_datore": "01234560975", "ateco": "25.62", "comune_sede_lavoro": "E507", "tipo_contratto": "A.02.00", "annullata": "N", "fonte": "SIUL",
}  # fmt: skip


def procedure(number: int, **change: str) -> dict[str, str]:
    """A row of the register that breaks no rule, as it would be typed."""
    own = {"id_procedura": f"CIGS-2025-{number:06}", "id_unita": f"CIGS-2025-{number:06}-01"}
    return VOL_PROCEDURE.example | own | change


def register(path: Path, *rows: dict[str, str]) -> Path:
    return write_rows(path, VOL_PROCEDURE.names, list(rows))


def communications(count: int, **change: object) -> pl.DataFrame:
    """Typed communications that break no rule, over three years, in no order."""
    frame = pl.DataFrame({"n": [(7919 * n) % count for n in range(count)]}).select(
        *(pl.lit(value).alias(name) for name, value in COMMUNICATION.items() if name != "id_comunicazione"),
        ("COB-" + pl.col("n").cast(pl.String).str.zfill(9)).alias("id_comunicazione"),
        (pl.date(2023, 1, 1) + pl.duration(days=pl.col("n") * 37 % 1095)).alias("data_inizio"),
    )
    return frame.with_columns(**{name: pl.lit(value) for name, value in change.items()})


@pytest.fixture
def pieces(monkeypatch) -> None:
    """Large files begin at a thousand rows, and are read two thousand at a time."""
    monkeypatch.setattr(layout, "LARGE", 1_000)
    monkeypatch.setattr(layout, "PIECE", 2_000)


def rows_of(table: str, archive: Path) -> pl.DataFrame:
    """The archived rows of a table, in the order of its key."""
    from analisi.sources.snapshots import archived_files

    files = list(archived_files(archive, table))
    key = list((SIUL_COB if table == SIUL_COB.name else VOL_PROCEDURE).key)
    return pl.concat([pl.read_parquet(file, hive_partitioning=False) for file in files]).sort(key)

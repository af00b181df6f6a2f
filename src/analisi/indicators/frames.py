"""What indicators written once for every engine share: how they read a frame, a day, a number of days."""

from __future__ import annotations

from datetime import date, datetime

import narwhals as nw
from narwhals.typing import IntoFrame

Frame = nw.LazyFrame | nw.DataFrame


def as_frame(native: IntoFrame) -> Frame:
    """The frame of any engine; pandas columns with blanks become nullable ones."""
    frame = nw.from_native(native)
    if frame.implementation.is_pandas():
        frame = nw.from_native(nw.to_native(frame).convert_dtypes())
    return frame


def as_day(day: date, frame: Frame) -> nw.Expr:
    """A day as the engine of the frame compares it with its columns of days: pandas has moments only."""
    return nw.lit(datetime(day.year, day.month, day.day) if frame.implementation.is_pandas() else day)


def day_number(day: nw.Expr) -> nw.Expr:
    """Days of the Gregorian calendar since year 0: their difference is the days between two days, which not every engine can subtract."""
    before = day.dt.year().cast(nw.Int64) - 1
    return before * 365 + before // 4 - before // 100 + before // 400 + day.dt.ordinal_day().cast(nw.Int64)


def flag(condition: nw.Expr) -> nw.Expr:
    """1 where the condition holds, else 0: sums of booleans are not of every engine."""
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)

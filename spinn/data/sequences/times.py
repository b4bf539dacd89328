"""The times of a series' rows, and of the rows that follow."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinn.errors import InputError

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1)
DIGITS = 12  # of a number


@dataclass(frozen=True, eq=False)
class Times:
    """The time of each row.

    Attributes:
        values: (rows,) numbers in float64, or dates in datetime64[us], those with a zone in UTC.
        form: the last time as it stands in the file; it sets the form of the texts.
        zone: of the last date, in which all texts are; None for numbers and dates without a zone.
    """

    values: NDArray[Any]
    form: str = ""
    zone: tzinfo | None = None

    @classmethod
    def rows(cls, count: int) -> Times:
        """Return the numbers of rows without a time column, from 1 on."""
        return cls(np.arange(1, count + 1, dtype=np.float64))

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> Times:
        return Times(self.values[rows], self.form, self.zone)

    @property
    def are_dates(self) -> bool:
        """Whether the times are dates; if not, they are numbers."""
        return self.values.dtype.kind == "M"

    def texts(self) -> list[str]:
        """Return each time as text, dates in the form of the file."""
        if not self.are_dates:
            return [_number(value) for value in self.values.tolist()]
        moments = [self._local(value) for value in self.values.tolist()]
        whole_days = all(_is_midnight(moment) for moment in moments)
        if whole_days and ":" not in self.form and len(self.form) <= len("2024-01-01"):
            return [moment.date().isoformat() for moment in moments]
        separator = " " if " " in self.form else "T"
        return [moment.isoformat(sep=separator) for moment in moments]

    def plain(self) -> NDArray[Any]:
        """Return the times without a zone, (rows,): dates as a clock in their zone shows them."""
        if not self.are_dates or self.zone is None:
            return self.values
        local = [self._local(value).replace(tzinfo=None) for value in self.values.tolist()]
        return np.array(local, dtype="datetime64[us]")

    def following(self, count: int) -> Times:
        """Return the times of the next rows, at the usual step: the median of the steps.

        Dates on one day of the month, or all on its last day, continue by months: 31 January,
        29 February, 31 March 2024.

        Raises: InputError: if one row shows no step, or a date is later than the year 9999.
        """
        if len(self) < 2:
            raise InputError(
                f"one row, of time {self.form!r}, shows no step in time; give two rows or more"
            )
        if not self.are_dates:
            last, step = float(self.values[-1]), _median(np.diff(self.values))
            return Times(last + float(step) * np.arange(1, count + 1), self.form)
        try:
            values = np.array(list(self._next_dates(count)), dtype="datetime64[us]")
        except (OverflowError, ValueError) as error:
            raise InputError(
                f"{count:,} steps after {self.form}: a date later than the year 9999; choose fewer"
            ) from error
        return Times(values, self.form, self.zone)

    def _next_dates(self, count: int) -> Iterator[datetime]:
        last: datetime = self.values[-1].item()
        months = self._months()
        if months is None:
            step: timedelta = _median(np.diff(self.values)).item()
            for number in range(1, count + 1):
                yield last + number * step
            return
        step_months, day = months
        local = self._local(last).replace(tzinfo=None)
        offset = local - last
        for number in range(1, count + 1):
            yield _add_months(local, number * step_months, day) - offset

    def _months(self) -> tuple[int, int] | None:
        """Return the usual step in months, and the day of the month; None for steps in days.

        The day is 31 where all dates are the last days of their months.
        """
        offset = self._local(self.values[-1].item()).replace(tzinfo=None) - self.values[-1].item()
        local = self.values + np.timedelta64(offset)
        months = local.astype("datetime64[M]")
        since = local - months  # from the start of the month
        days = since // np.timedelta64(1, "D")  # 0 is the first day
        lengths = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(
            np.int64
        )
        steps = np.diff(months).astype(np.int64)
        if len(np.unique(since % np.timedelta64(1, "D"))) > 1 or (steps < 1).any():
            return None
        if (days == lengths - 1).all():
            day = 31
        else:
            day = int(days.max()) + 1
            if (days != np.minimum(day, lengths) - 1).any():
                return None
        return int(_median(steps)), day

    def _local(self, moment: datetime) -> datetime:
        """Return a date of `values` in the zone of the last one."""
        if self.zone is None:
            return moment
        return moment.replace(tzinfo=UTC).astimezone(self.zone)


def microseconds(moment: datetime) -> int:
    """Return the microseconds since 1970, of a date with a zone those in UTC."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return (moment - EPOCH) // MICROSECOND


def _median(steps: NDArray[Any]) -> Any:
    """Return the lower median: a step that occurs."""
    return np.sort(steps)[(len(steps) - 1) // 2]


def _add_months(moment: datetime, months: int, day: int) -> datetime:
    """Return the date some months later, on a day of the month or on its last day before that."""
    year, month = divmod(12 * moment.year + moment.month - 1 + months, 12)
    return moment.replace(
        year=year, month=month + 1, day=min(day, calendar.monthrange(year, month + 1)[1])
    )


def _is_midnight(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)


def _number(value: float) -> str:
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:.{DIGITS}g}"

"""Which of two sets go together at the least total cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]


def least_cost_pairs(cost: Float, allowed: NDArray[np.bool_]) -> tuple[Int, Int]:
    """As many allowed pairs as possible, and of these the ones of least total cost; rows ascend.

    Args:
        cost: finite where allowed. shape (M, N)
        allowed: shape (M, N)

    Returns:
        Rows and columns, each at most once.

    Gates leave groups of one to three; each is solved by itself. scipy.optimize has the same, and with it come 45 MB
    and half a second of start-up; it is the oracle of the tests.
    """
    rows, columns = np.nonzero(allowed)
    pairs: list[tuple[int, int]] = []
    for group in _groups(rows.tolist(), columns.tolist()):
        mine, theirs = sorted({row for row, _ in group}), sorted({column for _, column in group})
        if len(mine) == 1 or len(theirs) == 1:
            pairs.append(min(group, key=lambda pair: cost[pair]))
            continue
        part = np.ix_(mine, theirs)
        known = cost[part]
        # So dear that no sum of allowed pairs makes up for one pair less.
        far = 2.0 * (1.0 + np.abs(known[allowed[part]]).max()) * min(known.shape)
        chosen = _solved(np.where(allowed[part], known, far))
        pairs += [(mine[i], theirs[j]) for i, j in chosen if allowed[mine[i], theirs[j]]]
    found = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _groups(rows: list[int], columns: list[int]) -> list[list[tuple[int, int]]]:
    """Pairs that share no row and no column with those of another group."""
    group_of: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for pair in zip(rows, columns, strict=True):
        ends = ("row", pair[0]), ("column", pair[1])
        first, second = (group_of.get(end) for end in ends)
        group = first if first is not None else second if second is not None else []
        if first is not None and second is not None and first is not second:
            first += second
            for row, column in second:
                group_of["row", row] = group_of["column", column] = first
        group.append(pair)
        group_of[ends[0]] = group_of[ends[1]] = group
    return list({id(group): group for group in group_of.values()}.values())


def _solved(cost: Float) -> list[tuple[int, int]]:
    """A column for each row (a row for each column where there are more rows) at the least total cost.

    Shortest augmenting paths with potentials; O(M^2 N), the innermost loop in numpy.
    Source: Jonker & Volgenant 1987, Computing 38, p. 325, as in Crouse 2016.
    """
    if cost.shape[0] > cost.shape[1]:
        return [(i, j) for j, i in _solved(cost.T)]
    count, wide = cost.shape
    of_row, of_column = np.zeros(count), np.zeros(wide)  # potentials
    row_of, column_of = np.full(wide, -1), np.full(count, -1)
    for start in range(count):
        shortest, before = np.full(wide, np.inf), np.full(wide, -1)
        done = np.zeros(wide, np.bool_)
        row, least, path = start, 0.0, [start]
        while True:
            reduced = least + cost[row] - of_row[row] - of_column
            better = ~done & (reduced < shortest)
            shortest[better], before[better] = reduced[better], row
            column = int(np.where(done, np.inf, shortest).argmin())
            least = float(shortest[column])
            done[column] = True
            if row_of[column] < 0:
                break
            row = int(row_of[column])
            path.append(row)
        of_row[start] += least
        for other in path[1:]:
            of_row[other] += least - shortest[column_of[other]]
        of_column[done] -= least - shortest[done]
        row = -1
        while row != start:  # back along the path, each row takes the column that was reached from it
            row = int(before[column])
            row_of[column] = row
            column, column_of[row] = int(column_of[row]), column
    return list(enumerate(column_of.tolist()))

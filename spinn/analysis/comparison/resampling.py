"""The distributions behind the paired tests: resampled means, exchanged sums, numbers of draws."""

from functools import lru_cache
from math import ceil, log2, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import hadamard

Floats = NDArray[np.float64]

BITS = 14  # 2^14 exchanges


def resampled_mean(values: Floats, unit: float) -> tuple[Floats, Floats]:
    """Return the distribution of the mean of R values drawn with replacement from R values.

    The sum of R draws has the R-fold convolution of the distribution of one draw, so its Fourier
    transform is the R-th power. With values [0, 0, 1] and step 1, one draw has the distribution
    [2, 1] / 3, and the sum of three draws has [8, 12, 6, 1] / 27 at 0, 1, 2, 3.

    Args:
        values: (R,) numbers that are not all equal.
        unit: all values are multiples of it, up to rounding; 0 if there is no such number.

    Returns: the means, ascending, and their probabilities; these may be negative by rounding.
    """
    R = len(values)
    # The transform is periodic, so the range of sums is 12 standard deviations to both sides.
    # Without a unit, a step is at most 0.15 standard deviations of a value.
    size = 2 ** max(12, ceil(log2(24 / 0.15 * sqrt(R))))
    step = max(unit, 24 * values.std() * sqrt(R) / size)
    places = values / step
    nearest = np.rint(places).astype(np.int64)
    rest = places - nearest
    draw = np.zeros(size)
    # A value between two steps is divided among three steps, which keeps mean and variance.
    for shift, share in ((-1, (rest**2 - rest) / 2), (0, 1 - rest**2), (1, (rest**2 + rest) / 2)):
        draw += np.bincount((nearest + shift) % size, share, size)
    transform = np.fft.rfft(draw / R)
    large = np.abs(transform) > 1e-20 ** (1 / R)  # the powers of the others are negligible
    power = np.zeros_like(transform)
    power[large] = transform[large] ** R
    total = np.fft.irfft(power, size)
    steps = round(places.sum()) - size // 2 + np.arange(size)
    return steps * (step / R), total[steps % size]


def exchanged_sums(differences: Floats, seed: int) -> Floats:
    """Return the sum of the differences under each exchange; the first exchanges nothing.

    Exchange e, a number of k bits, reverses the sign of each example whose code, of k bits too,
    has an odd number of ones in common with e. All sums together are a Walsh-Hadamard transform.
    With two examples, of codes 01 and 10, the differences x and y stand at [0, x, y, 0], and the
    sums are x + y for e = 00, -x + y for 01, x - y for 10, -x - y for 11.

    Up to BITS examples, these are all 2^R exchanges. Beyond, they are a subgroup of them, and the
    codes, which differ, make the signs of any two examples independent.

    Args:
        differences: (R,) of the examples.
        seed: of the codes.

    Returns: (2^k,) with k at least BITS beyond BITS examples.
    """
    R = len(differences)
    if R <= BITS:
        bits = R
        codes = 1 << np.arange(R)
    else:
        bits = max(BITS, R.bit_length())
        codes = 1 + np.random.default_rng(seed).choice(2**bits - 1, R, replace=False)
    high = 2 ** (bits // 2)  # a code is two numbers; the signs are the products of their signs
    table = np.zeros((high, 2**bits // high))
    table.flat[codes] = differences
    sums: Floats = hadamard(high, float) @ table @ hadamard(table.shape[1], float)
    return sums.ravel()


@lru_cache(maxsize=8)
def draw_counts(size: int, resamples: int, *seed: int) -> NDArray[np.uint8]:
    """Return (resamples, size): how often each of `size` items is drawn in `size` draws.

    The rows of a comparison have the same test sets, and share these numbers.
    """
    random = np.random.default_rng(seed)
    counts = np.empty((resamples, size), dtype=np.uint8)
    for row in counts:
        row[:] = np.bincount(random.integers(size, size=size), minlength=size)
    counts.flags.writeable = False
    return counts

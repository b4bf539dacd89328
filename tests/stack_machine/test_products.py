"""Matrix products under autocast and without."""

import pytest
import torch

from spinn.stack_machine.products import (
    add_product,
    arithmetic,
    product,
    set_product,
    weight_gradient,
)
from spinn.stack_machine.products import rounded as rounded_rows

GENERATOR = torch.Generator().manual_seed(1)
ROWS, WEIGHT, DGATES = (
    torch.randn(shape, generator=GENERATOR, dtype=torch.float32)
    for shape in ((5, 4), (4, 3), (5, 3))
)


def rounded(rows: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """What one rounded product gives: exact inside, rounded at both ends."""
    exact = rows.bfloat16().double() @ weight.bfloat16().double()
    return exact.bfloat16().float()


def test_arithmetic_is_that_of_autocast_or_of_the_weight() -> None:
    assert arithmetic(WEIGHT.double()) == torch.float64
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert arithmetic(WEIGHT) == torch.bfloat16
    assert arithmetic(WEIGHT) == torch.float32


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_factors_are_rounded_and_the_total_is_not(dtype: torch.dtype) -> None:
    expected = ROWS @ WEIGHT if dtype == torch.float32 else rounded(ROWS, WEIGHT)
    near = {"rtol": 0, "atol": 1e-6 if dtype == torch.float32 else 2**-6}
    found = product(ROWS, WEIGHT.to(dtype))
    assert found.dtype == dtype
    torch.testing.assert_close(found.float(), expected, **near)
    total = torch.full((5, 3), 1000.125, dtype=torch.float32)  # more digits than bfloat16 has
    add_product(total, ROWS, WEIGHT.to(dtype))
    torch.testing.assert_close(total, 1000.125 + expected, rtol=0, atol=1e-3 + near["atol"])
    gradient = weight_gradient(DGATES.to(dtype), ROWS)
    wanted = DGATES.t() @ ROWS if dtype == torch.float32 else rounded(DGATES.t(), ROWS)
    assert gradient.dtype == dtype
    torch.testing.assert_close(gradient.float(), wanted, rtol=0, atol=1e-6 + 2 * near["atol"])


@pytest.mark.parametrize("count", [1, 31, 32, 33])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_rows_of_16_bits_are_padded_with_zeros(count: int, dtype: torch.dtype) -> None:
    rows = torch.ones(count, 4, dtype=torch.float32)
    filled = rounded_rows(rows, dtype)
    assert len(filled) == (count if dtype == torch.float32 else 32 * ((count + 31) // 32))
    assert (filled[:count] == 1).all()
    assert not filled[count:].any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_product_with_a_bias_fills_a_buffer_of_the_weight_s_dtype(dtype: torch.dtype) -> None:
    bias = torch.tensor([1.0, 2.0, 4.0], dtype=dtype)
    result = torch.full((5, 3), torch.nan, dtype=dtype)
    set_product(result, ROWS, WEIGHT.to(dtype), bias)
    expected = ROWS @ WEIGHT if dtype == torch.float32 else rounded(ROWS, WEIGHT)
    torch.testing.assert_close(
        result.float(),
        expected + bias.float(),
        rtol=0,
        atol=1e-6 if dtype == torch.float32 else 0.05,
    )

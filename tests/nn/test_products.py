"""Products in the arithmetic asked for."""

import pytest
import torch

from spinn.nn.stack.products import add_product, arithmetic, product, weight_gradient

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
def test_what_comes_out_keeps_its_precision(dtype: torch.dtype) -> None:
    expected = ROWS @ WEIGHT if dtype == torch.float32 else rounded(ROWS, WEIGHT)
    near = {"rtol": 0, "atol": 1e-6 if dtype == torch.float32 else 2**-6}
    found = product(ROWS, WEIGHT.to(dtype))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, **near)
    total = torch.full((5, 3), 1000.125, dtype=torch.float32)  # more digits than bfloat16 has
    add_product(total, ROWS, WEIGHT.to(dtype))
    torch.testing.assert_close(total, 1000.125 + expected, rtol=0, atol=1e-3 + near["atol"])
    gradient = weight_gradient(DGATES, ROWS, dtype)
    wanted = DGATES.t() @ ROWS if dtype == torch.float32 else rounded(DGATES.t(), ROWS)
    assert gradient.dtype == torch.float32
    torch.testing.assert_close(gradient, wanted, rtol=0, atol=1e-6 + 2 * near["atol"])

"""Matrix products in the dtype of autocast; everything between them keeps full precision.

Under autocast the factors of a product are rounded, to bfloat16 for example. The product stays
rounded until it is added up.
"""

import torch
from torch import Tensor

# oneDNN compiles a bf16 product for every shape and keeps some 300 kB of each. The number of rows
# differs from step to step, so rows are padded to a multiple of this.
ROWS = 32


def arithmetic(weight: Tensor) -> torch.dtype:
    """The dtype for products with a weight: that of autocast where it is on, or the weight's."""
    device = weight.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype


def rounded(rows: Tensor, dtype: torch.dtype) -> Tensor:
    """Rows in another dtype; in 16 bits padded with zeros to a multiple of `ROWS`."""
    missing = -len(rows) % ROWS if dtype.itemsize < 4 else 0
    if not missing:
        return rows.to(dtype)
    filled = torch.zeros(len(rows) + missing, rows.shape[1], dtype=dtype, device=rows.device)
    filled[: len(rows)].copy_(rows)
    return filled


def product(rows: Tensor, weight: Tensor) -> Tensor:
    """`rows @ weight`, computed in the dtype of `weight`."""
    return (rounded(rows, weight.dtype) @ weight)[: len(rows)]


def set_product(result: Tensor, rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> None:
    """Fill `result` with `rows @ weight + bias`, the product computed in the dtype of `weight`."""
    if rows.dtype != weight.dtype:
        result.copy_(product(rows, weight))
        if bias is not None:
            result.add_(bias)
    elif bias is None:
        torch.mm(rows, weight, out=result)
    else:
        torch.addmm(bias, rows, weight, out=result)


def add_product(total: Tensor, rows: Tensor, weight: Tensor) -> None:
    """Add `rows @ weight`, computed in the dtype of `weight`, to `total`."""
    if total.dtype == weight.dtype:
        total.addmm_(rows, weight)
    else:
        total.add_(product(rows, weight))


def add_product_at(total: Tensor, which: Tensor, rows: Tensor, weight: Tensor) -> None:
    """Add `rows @ weight` to the rows `which` of `total`; no row may come twice."""
    # For the few rows of a step, gather, add and scatter are faster than index_add_.
    chosen = total.index_select(0, which)
    add_product(chosen, rows, weight)
    total.index_copy_(0, which, chosen)


def weight_gradient(dgates: Tensor, rows: Tensor) -> Tensor:
    """The gradient of a weight by which `rows` were multiplied, in the dtype of `dgates`."""
    return rounded(dgates, dgates.dtype).t() @ rounded(rows, dgates.dtype)

"""Matrix products in the arithmetic asked for; all that lies between them keeps full precision.

Under autocast the factors are rounded (to bfloat16, say) as they enter a product, and what comes
out is added in the precision of the buffer it goes to. Gates before their nonlinearities, h, c and
every gradient stay in the precision of the weights.
"""

import torch
from torch import Tensor


def arithmetic(weight: Tensor) -> torch.dtype:
    """The dtype for products with a weight: that of autocast where it is on, or the weight's."""
    device = weight.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype


def product(rows: Tensor, weight: Tensor) -> Tensor:
    """`rows @ weight`, computed in the dtype of `weight`, in the dtype of `rows`."""
    if rows.dtype == weight.dtype:
        return rows @ weight
    return (rows.to(weight.dtype) @ weight).to(rows.dtype)


def add_product(total: Tensor, rows: Tensor, weight: Tensor) -> None:
    """Add `rows @ weight`, computed in the dtype of `weight`, to `total`."""
    if total.dtype == weight.dtype:
        total.addmm_(rows, weight)
    else:
        total.add_(rows.to(weight.dtype) @ weight)


def add_product_at(total: Tensor, which: Tensor, rows: Tensor, weight: Tensor) -> None:
    """Add `rows @ weight` to the rows `which` of `total`, none of which comes twice."""
    # Out, add, and back: for the few rows of a step sooner done than index_add_.
    chosen = total.index_select(0, which)
    add_product(chosen, rows, weight)
    total.index_copy_(0, which, chosen)


def weight_gradient(dgates: Tensor, rows: Tensor, arithmetic: torch.dtype) -> Tensor:
    """The gradient of a weight by which `rows` were multiplied."""
    return product(dgates.t(), rows.to(arithmetic))

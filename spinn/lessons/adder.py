"""An Elman network that adds two binary numbers, one bit per step; it must learn to carry."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinn.reference import elman
from spinn.reference.activations import SIGMOID, Array, sigmoid

HIDDEN = 16
INITIAL = 1.0  # initial weights are uniform between -INITIAL and INITIAL
RATE = 0.1

Numbers = NDArray[np.int64]


def to_bits(numbers: Numbers, bits: int) -> Numbers:
    """Convert numbers (B,) to bits (T, B), the least significant first: 6 to 0, 1, 1, 0."""
    values: Numbers = numbers >> np.arange(bits)[:, None] & 1
    return values


def to_numbers(bits: Numbers) -> Numbers:
    """Convert bits (T, B), the least significant first, to numbers (B,)."""
    values: Numbers = (bits << np.arange(len(bits))[:, None]).sum(axis=0)
    return values


@dataclass(frozen=True)
class Network:
    """An Elman network of sigmoids: one bit of each summand in, one bit of the sum out, per step.

    Attributes:
        hidden: weights W (16, 2), U (16, 16) and b (16,).
        V: (16,) output weights.
        b: () output bias.
    """

    hidden: elman.Weights
    V: Array
    b: Array

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "Network":
        """Draw weights and biases between -INITIAL and INITIAL."""
        shapes = ((HIDDEN, 2), (HIDDEN, HIDDEN), (HIDDEN,), (HIDDEN,), ())
        W, U, b, V, b_out = (np.asarray(rng.uniform(-INITIAL, INITIAL, shape)) for shape in shapes)
        return cls(elman.Weights(W, U, b), V, b_out)

    def forward(self, a: Numbers, b: Numbers, bits: int) -> tuple[elman.Trace, Array]:
        """Return the hidden layer's trace and the probabilities (T, B) that bits of a + b are 1."""
        x = np.stack([to_bits(a, bits), to_bits(b, bits)], axis=-1).astype(np.float64)
        h_0 = np.zeros((len(a), HIDDEN))
        trace = elman.forward(self.hidden, x, [bits] * len(a), h_0, SIGMOID)
        return trace, sigmoid(trace.h[1:] @ self.V + self.b)

    def add(self, a: Numbers, b: Numbers, bits: int) -> Numbers:
        """Return the network's sums of a and b, all (B,)."""
        return to_numbers((self.forward(a, b, bits)[1] > 0.5).astype(np.int64))

    def train_step(self, a: Numbers, b: Numbers, bits: int, rate: float) -> tuple["Network", Array]:
        """Return the network after one step of gradient descent, and its outputs (T, B) before it.

        The loss is the cross-entropy. Its gradient by the preactivation of a sigmoid is output
        minus target, so that a saturated sigmoid still learns.
        """
        trace, outputs = self.forward(a, b, bits)
        delta = outputs - to_bits(a + b, bits)  # (T, B)
        states = trace.h[1:]  # (T, B, H)
        gradients = elman.backward(self.hidden, trace, delta[..., None] * self.V)
        hidden = elman.Weights(
            self.hidden.W - rate * gradients["W"],
            self.hidden.U - rate * gradients["U"],
            self.hidden.b - rate * gradients["b"],
        )
        V = self.V - rate * np.tensordot(delta, states, axes=2)
        return Network(hidden, V, self.b - rate * delta.sum()), outputs

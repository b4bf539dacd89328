"""A network that adds: bit by bit, from the least significant one, it must learn to carry."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinn.reference import elman
from spinn.reference.activations import SIGMOID, Array, sigmoid

HIDDEN = 16
INITIAL = 1.0  # weights start anywhere from -INITIAL to INITIAL
RATE = 0.1

Numbers = NDArray[np.int64]


def to_bits(numbers: Numbers, bits: int) -> Numbers:
    """(T, B) bits of numbers (B,), the least significant one first."""
    found: Numbers = numbers >> np.arange(bits)[:, None] & 1
    return found


def to_numbers(bits: Numbers) -> Numbers:
    """(B,) numbers of bits (T, B)."""
    found: Numbers = (bits << np.arange(len(bits))[:, None]).sum(axis=0)
    return found


@dataclass(frozen=True)
class Network:
    """An Elman network of sigmoids that reads a bit of each summand, and says one bit of the sum.

    Attributes:
        hidden: weights W (16, 2), U (16, 16) and b (16,).
        V: (16,) reads the hidden state.
        b: () bias of the bit that is said.
    """

    hidden: elman.Weights
    V: Array
    b: Array

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "Network":
        """Weights and biases from -INITIAL to INITIAL."""
        shapes = ((HIDDEN, 2), (HIDDEN, HIDDEN), (HIDDEN,), (HIDDEN,), ())
        W, U, b, V, b_out = (np.asarray(rng.uniform(-INITIAL, INITIAL, shape)) for shape in shapes)
        return cls(elman.Weights(W, U, b), V, b_out)

    def forward(self, a: Numbers, b: Numbers, bits: int) -> tuple[elman.Trace, Array]:
        """The way of the hidden state, and probabilities (T, B) that the sum's bits are 1."""
        x = np.stack([to_bits(a, bits), to_bits(b, bits)], axis=-1).astype(np.float64)
        nothing = np.zeros((len(a), HIDDEN))
        trace = elman.forward(self.hidden, x, [bits] * len(a), nothing, SIGMOID)
        return trace, sigmoid(trace.h[1:] @ self.V + self.b)

    def add(self, a: Numbers, b: Numbers, bits: int) -> Numbers:
        """(B,) what the network takes for the sums of a and b, each (B,)."""
        return to_numbers((self.forward(a, b, bits)[1] > 0.5).astype(np.int64))

    def learned(self, a: Numbers, b: Numbers, bits: int, rate: float) -> tuple["Network", Array]:
        """The network after one step down the gradient, and the bits (T, B) it said before.

        The loss is cross-entropy, for whose gradient by what goes into a sigmoid no slope is
        needed: a wrong bit that was said firmly is unlearned as fast as any.
        """
        trace, said = self.forward(a, b, bits)
        delta = said - to_bits(a + b, bits)  # (T, B)
        states = trace.h[1:]  # (T, B, H)
        gradients = elman.backward(self.hidden, trace, delta[..., None] * self.V)
        hidden = elman.Weights(
            self.hidden.W - rate * gradients["W"],
            self.hidden.U - rate * gradients["U"],
            self.hidden.b - rate * gradients["b"],
        )
        V = self.V - rate * np.tensordot(delta, states, axes=2)
        return Network(hidden, V, self.b - rate * delta.sum()), said

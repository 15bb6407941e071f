"""Low-rank adaptation (LoRA): a weight stays as it is, and two thin ones are learnt beside it."""

from __future__ import annotations

from typing import Any

from geartrain import initializers, ops
from geartrain.errors import shown
from geartrain.layers.arguments import positive
from geartrain.layers.layer import Layer
from geartrain.runtime.variable import Variable


def adapted(name: str) -> Any:
    """A weight as an attribute: with `enable_lora` the sum of the frozen one and what is learnt."""

    def read(layer: Any) -> Any:
        weight = layer.__dict__.get(f"_{name}")
        if weight is None:
            raise AttributeError(f"{type(layer).__name__!r} object has no attribute {name!r}")
        return layer._with_learnt(weight) if layer.lora_enabled else weight

    def write(layer: Any, weight: Any) -> None:
        layer.__dict__[f"_{name}"] = weight

    read.__doc__ = f"The {name}, with what low-rank adaptation has learnt, if it is enabled."
    return property(read, write)


class LowRank(Layer):
    """Base of layers with one large weight that can be adapted so: Hu et al., "LoRA", 2021.

    Args:
        lora_rank: the rank of what is learnt once the layer is built; None for all of the weight.
        lora_alpha: what is learnt counts `lora_alpha / lora_rank` times; the rank by default.
    """

    lora_weight = "kernel"
    lora_enabled = False
    unless_default: tuple[str, ...] = ("activity_regularizer", "lora_rank", "lora_alpha")

    def _set_lora(self, rank: Any, alpha: Any) -> None:
        """Keep the arguments, to be followed when the layer is built."""
        self.lora_rank = None if rank is None else positive(self, "lora_rank", rank)
        self.lora_alpha = self.lora_rank if alpha is None else alpha

    def _adapt(self) -> None:
        """Enable what the arguments ask for, at the end of `build`."""
        if self.lora_rank is not None:
            self.enable_lora(self.lora_rank, self.lora_alpha)

    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> None:
        """Freeze the weight, and learn two thin ones, whose product is added to it.

        Args:
            rank: the size that the two have in common.
            lora_alpha: the product counts `lora_alpha / rank` times; `rank` by default.
            a_initializer, b_initializer: the first values of the two.

        Raises ValueError for a layer that is not built, that has a constraint on the weight, or
        where it is enabled already.

        >>> import numpy as np
        >>> from geartrain.layers import Dense
        >>> layer = Dense(8)
        >>> layer.build((None, 16))
        >>> layer.enable_lora(rank=2)
        >>> [weight.shape for weight in layer.trainable_weights]
        [(8,), (16, 2), (2, 8)]
        """
        name = self.lora_weight
        weight: Variable | None = self.__dict__.get(f"_{name}")
        for wrong, what in (
            (getattr(self, f"{name}_constraint") is not None, f"a {name} without a constraint"),
            (weight is None, "a layer that is built. Call it, or build(input_shape), first"),
            (self.lora_enabled, "a layer where it is not enabled yet"),
        ):
            if wrong:
                raise ValueError(
                    f"{self._who()}: enable_lora expected {what}. Received: {shown(self)}"
                )
        assert weight is not None
        rank = positive(self, "rank", rank)
        self._locked = False
        shapes = (*weight.shape[:-1], rank), (rank, weight.shape[-1])
        for side, shape, initializer in zip(
            "ab", shapes, (a_initializer, b_initializer), strict=True
        ):
            made = self.add_weight(
                name=f"lora_{name}_{side}", shape=shape, initializer=initializers.get(initializer),
                regularizer=getattr(self, f"{name}_regularizer"),
            )  # fmt: skip
            setattr(self, f"lora_{name}_{side}", made)
        self._locked = True
        weight.trainable = False
        self._untrained.add(id(weight))
        self.lora_rank, self.lora_alpha = rank, rank if lora_alpha is None else lora_alpha
        self._arguments.update(lora_rank=self.lora_rank, lora_alpha=self.lora_alpha)
        self.lora_enabled = True

    def _with_learnt(self, weight: Variable) -> Any:
        a, b = (getattr(self, f"lora_{self.lora_weight}_{side}") for side in "ab")
        assert self.lora_rank is not None and self.lora_alpha is not None
        return ops.add(weight, ops.multiply(ops.matmul(a, b), self.lora_alpha / self.lora_rank))

    def _plain_weights(self) -> list[Variable]:
        """Those that there are without adaptation, the adapted one first."""
        weight = self.__dict__[f"_{self.lora_weight}"]
        thin = f"lora_{self.lora_weight}_"
        others = [v for v in self._own_weights() if v is not weight and thin not in v.name]
        return [weight, *others]

    def save_own_variables(self, store: Any) -> None:
        """Put the weights into a mapping; the adapted one as what it is with what was learnt."""
        if not self.lora_enabled:
            super().save_own_variables(store)
            return
        for place, variable in enumerate(self._plain_weights()):
            store[str(place)] = variable
        store["0"] = ops.convert_to_numpy(getattr(self, self.lora_weight))

    def load_own_variables(self, store: Any) -> None:
        """Take the weights from a mapping; what is learnt begins anew then."""
        if not self.lora_enabled:
            super().load_own_variables(store)
            return
        own = self._plain_weights()
        self._check_count(own, len(store))
        self._assign(own, [store[str(place)] for place in range(len(own))])
        getattr(self, f"lora_{self.lora_weight}_b").clear()

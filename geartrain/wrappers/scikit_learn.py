"""`KerasClassifier` and `KerasRegressor`: what Keras 2 had for programs that use scikit-learn.

An estimator is made of a function that makes a model and of keywords for both, the function and
`fit`, told apart by their names: `KerasClassifier(make, hidden=32, epochs=10)`. All of them can be
searched by `GridSearchCV`. Today's are `SKLearnClassifier` and `SKLearnRegressor`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain.compat.keywords import METHODS
from geartrain.errors import nearest, shown, warn
from geartrain.models import Model
from geartrain.utils import to_categorical

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
except ImportError as error:
    raise ImportError(
        "keras.wrappers make estimators of scikit-learn, which is not installed: "
        "pip install scikit-learn"
    ) from error

Array = np.ndarray[Any, Any]
_METHODS = ("fit", "predict", "evaluate")


class _Wrapper(BaseEstimator):
    """What the two share."""

    _kind: str  # in the names of the classes, then and today

    def __init__(self, build_fn: Callable[..., Model] | None = None, **sk_params: Any) -> None:
        _hint(self._kind)
        self.build_fn = build_fn
        self.sk_params = sk_params
        self.check_params(sk_params)

    def check_params(self, params: dict[str, Any]) -> None:
        """See that the function, or a method of models, takes each keyword.

        Raises ValueError for one that none takes.
        """
        known = {name for method in _METHODS for name in _taken(method)} - {"x", "y"}
        signature = inspect.signature(self._makes).parameters
        if any(one.kind is one.VAR_KEYWORD for one in signature.values()):
            return
        for name in params:
            if name not in known and name not in signature:
                guess = nearest(name, {*known, *signature})
                hint = f" Did you mean {guess!r}?" if guess else ""
                raise ValueError(
                    f"{type(self).__name__} expected keywords of build_fn or of fit. Received: "
                    f"{name!r}, not a legal parameter.{hint}"
                )

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The function and all keywords, by name."""
        return {**self.sk_params, "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> Any:
        """Set the function, or keywords; returns the estimator."""
        self.build_fn = params.pop("build_fn", self.build_fn)
        self.check_params(params)
        self.sk_params = {**self.sk_params, **params}
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model")

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Make a model and train it; `kwargs` come before the estimator's keywords.

        Returns:
            What the model's `fit` returns, its history.
        """
        keywords = self._of(inspect.signature(self._makes).parameters)
        self.model = self._makes(**keywords)
        y = np.asarray(y)
        if self.model.loss == "categorical_crossentropy" and y.ndim != 2:
            y = to_categorical(y)
        return self.model.fit(x, y, **{**self._of(_taken("fit")), **kwargs})

    @property
    def _makes(self) -> Callable[..., Model]:
        """What makes the model: the function, or the method of a class derived from this one."""
        makes = self.build_fn if self.build_fn is not None else self
        if not callable(makes):
            raise TypeError(
                f"{type(self).__name__} expected build_fn to be a function that makes a compiled "
                f"model. Received: {shown(makes)}"
            )
        return makes

    def _of(self, names: Any) -> dict[str, Any]:
        """Those keywords that are among the names."""
        return {name: value for name, value in self.sk_params.items() if name in names}

    def _outputs(self, x: Any, kwargs: dict[str, Any]) -> Array:
        return np.asarray(self.model.predict(x, **{**self._of(_taken("predict")), **kwargs}))

    def _evaluated(self, x: Any, y: Any, kwargs: dict[str, Any]) -> dict[str, float]:
        keywords = {**self._of(_taken("evaluate")), **kwargs}
        return self.model.evaluate(x, y, **{**keywords, "return_dict": True})


def _taken(method: str) -> set[str]:
    """The keywords that a method of models takes, those of old among them."""
    return {*inspect.signature(getattr(Model, method)).parameters, *METHODS[method]} - {"self"}


@functools.cache
def _hint(kind: str) -> None:
    """Say once what there is today."""
    warn(
        f"wrappers.scikit_learn.Keras{kind} is how older versions of Keras said it. "
        f"Write keras.wrappers.SKLearn{kind}."
    )


class KerasClassifier(ClassifierMixin, _Wrapper):
    """A classifier of scikit-learn, of a function that makes a model. See the module.

    Args:
        build_fn: makes a compiled model whose last layer has an output a class, or a single one
            for two classes, and whose metrics have `"accuracy"`, for `score`; None where a derived
            class has a method `__call__` for it.
        **sk_params: keywords of `build_fn`, and of the model's `fit`, `predict` and `evaluate`.

    Raises ValueError for a keyword that none of them takes.

    >>> import geartrain as keras
    >>> def make(rate=0.1):
    ...     made = keras.Sequential([keras.layers.Dense(1, "sigmoid", input_shape=(1,))])
    ...     made.compile(keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    ...     return made
    >>> x, y = np.linspace(-1, 1, 40).reshape(-1, 1), np.repeat([3, 5], 20)
    >>> import warnings
    >>> with warnings.catch_warnings(action="ignore"):
    ...     classifier = KerasClassifier(make, epochs=40, verbose=0)
    >>> _ = classifier.fit(x, y)
    >>> classifier.predict([[-0.9], [0.9]]), classifier.score(x, y) > 0.8
    (array([3, 5]), True)
    """

    _kind = "Classifier"

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Make a model and train it: on labels, or on columns, one a class.

        Raises ValueError if `y` is neither.
        """
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        elif y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1):
            self.classes_, numbers = np.unique(y, return_inverse=True)
            y = numbers.reshape(y.shape)
        else:
            raise ValueError(
                "KerasClassifier.fit expected y to be labels, or columns. "
                f"Received: shape {y.shape}"
            )
        self.n_classes_ = len(self.classes_)
        return super().fit(x, y, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> Array:
        """The class of each sample."""
        return self.classes_[self.predict_proba(x, **kwargs).argmax(axis=-1)]

    def predict_proba(self, x: Any, **kwargs: Any) -> Array:
        """The probability of each class, one column each."""
        outputs = self._outputs(x, kwargs)
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """The accuracy that the model measures.

        Raises ValueError if it measures none.
        """
        y = np.asarray(y)
        if y.ndim == 1 or y.shape[1] == 1:
            y = np.searchsorted(self.classes_, y)
            if self.model.loss == "categorical_crossentropy":
                y = to_categorical(y, self.n_classes_)
        found = self._evaluated(x, y, kwargs)
        for name in ("accuracy", "acc"):
            if name in found:
                return float(found[name])
        raise ValueError(
            f"KerasClassifier.score expected the model to measure its accuracy. Received: "
            f"{', '.join(found)}. Call model.compile(..., metrics=['accuracy'])."
        )


class KerasRegressor(RegressorMixin, _Wrapper):
    """A regressor of scikit-learn, of a function that makes a model. See the module.

    Args:
        build_fn: makes a compiled model; None where a derived class has a method `__call__` for it.
        **sk_params: keywords of `build_fn`, and of the model's `fit`, `predict` and `evaluate`.

    Raises ValueError for a keyword that none of them takes.

    >>> import warnings
    >>> with warnings.catch_warnings(action="ignore"):
    ...     KerasRegressor(lambda rate=0.1: None, epoch=40)
    Traceback (most recent call last):
    ValueError: KerasRegressor expected keywords of build_fn or of fit. Received: 'epoch', not a \
legal parameter. Did you mean 'epochs'?
    """

    _kind = "Regressor"

    def predict(self, x: Any, **kwargs: Any) -> Array:
        """What the model gives, without axes of one element."""
        return np.squeeze(self._outputs(x, kwargs))

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """The model's loss with its sign turned: more is better, as in Keras 2."""
        return -float(self._evaluated(x, y, kwargs)["loss"])

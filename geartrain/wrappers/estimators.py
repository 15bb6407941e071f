"""`SKLearnClassifier`, `SKLearnRegressor` and `SKLearnTransformer`: as in Keras 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain.errors import describe_value, shown
from geartrain.models import Model, clone_model

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
    from sklearn.utils.metadata_routing import MetadataRequest
    from sklearn.utils.multiclass import type_of_target
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        "keras.wrappers make estimators of scikit-learn 1.6 or later, which is not installed: "
        "pip install scikit-learn"
    ) from error

Array = np.ndarray[Any, Any]


class _Wrapper(BaseEstimator):
    """What the three share: an estimator whose `fit` trains a model, kept as `model_`."""

    def __init__(
        self,
        model: Model | Callable[..., Model],
        warm_start: bool = False,
        model_kwargs: dict[str, Any] | None = None,
        fit_kwargs: dict[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        return tags

    def __sklearn_clone__(self) -> Any:
        """An estimator of the same model, which is not copied: `fit` trains a clone of it."""
        return type(self)(
            model=self.model,
            warm_start=self.warm_start,
            model_kwargs=self.model_kwargs,
            fit_kwargs=self.fit_kwargs,
        )

    @property
    def epoch_(self) -> int:
        """How many epochs the last `fit` took; 0 before."""
        return len(self.history_.epoch) if hasattr(self, "history_") else 0

    def set_fit_request(self, **kwargs: bool | str | None) -> Any:
        """Ask for metadata in `fit`, such as `sample_weight=True`, where routing is enabled.

        Raises RuntimeError where `sklearn.set_config(enable_metadata_routing=True)` was not called.
        """
        import sklearn

        if not sklearn.get_config()["enable_metadata_routing"]:
            raise RuntimeError(
                "set_fit_request: metadata is not routed. Call "
                "sklearn.set_config(enable_metadata_routing=True) first."
            )
        self._metadata_request = MetadataRequest(owner=type(self).__name__)
        for param, alias in kwargs.items():
            self._metadata_request.fit.add_request(param=param, alias=alias)
        return self

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Any:
        """Train a model.

        Args:
            X: samples, of shape `(samples, features)`.
            y: targets, of shape `(samples,)` or `(samples, outputs)`.
            **kwargs: for the model's `fit`; they come before `fit_kwargs`.

        Returns:
            The estimator.

        Raises:
            ValueError: the data cannot be trained on.
            RuntimeError: the model is not compiled.
        """
        shape = np.asarray(y).shape
        X, y = validate_data(self, X, y, multi_output=len(shape) == 2 and shape[1] > 1)
        y = self._learn_target(y)
        model = self._new_model(X, y)
        if not model.compiled or not model.loss or not model.optimizer:
            raise RuntimeError(
                f"{type(self).__name__}.fit expected a model that is compiled with a loss and an "
                "optimizer. Received one that is not: call model.compile(optimizer, loss) first."
            )
        self.history_ = model.fit(X, y, **{**(self.fit_kwargs or {}), **kwargs})
        self.model_ = model
        return self

    def predict(self, X: Any) -> Array:
        """What the model predicts, in the form of the targets that it was trained on."""
        return self._as_target(self._outputs(X))

    def _new_model(self, X: Array, y: Array) -> Model:
        """The model to train: a clone, what the function makes, or with `warm_start` the last."""
        if self.warm_start and hasattr(self, "model_"):
            return self.model_
        if isinstance(self.model, Model):
            return self.model if self.warm_start else clone_model(self.model)
        if not callable(self.model):
            raise TypeError(
                f"{type(self).__name__} expected model to be a Model, or a function of X and y "
                f"that makes one. Received: {shown(self.model)}"
            )
        made = self.model(X=X, y=y, **(self.model_kwargs or {}))
        if not isinstance(made, Model):
            raise TypeError(
                f"{type(self).__name__} expected the function model to return a Model. "
                f"Received: {describe_value(made)}"
            )
        return made

    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self)
        return np.asarray(self.model_.predict(validate_data(self, X, reset=False), verbose=0))

    def _learn_target(self, y: Array) -> Array:
        """The targets for the model: columns. How many axes they had is kept."""
        kind = type_of_target(y)
        if kind == "unknown":
            raise ValueError(f"Unknown label type: expected numbers. Received: {shown(y)}")
        self._target_axes = y.ndim
        return y.reshape(-1, 1) if y.ndim == 1 else y

    def _as_target(self, outputs: Array) -> Array:
        single = self._target_axes == 1 and outputs.ndim == 2 and outputs.shape[1] == 1
        return outputs[:, 0] if single else outputs


class SKLearnClassifier(ClassifierMixin, _Wrapper):
    """A model that tells classes apart, as a classifier of scikit-learn.

    It is trained on one column a class, 1 for the sample's own and 0 for the others: the loss is
    `"categorical_crossentropy"` after a softmax, or one for single columns. `predict` gives the
    class of the largest output.

    Args:
        model: a compiled `Model`, a clone of which is trained; or a function that makes one of
            keywords `X` and `y` and `model_kwargs`.
        warm_start: whether `fit` goes on from the weights of the one before, and trains a `Model`
            itself.
        model_kwargs: further keywords for the function.
        fit_kwargs: keywords for the model's `fit`, such as `epochs`.

    Attributes:
        model_: the trained model.
        history_: what its `fit` returned.
        classes_: the classes, sorted.

    >>> import geartrain as keras
    >>> def model(X, y):
    ...     layers = [keras.layers.Input(X.shape[1:])]
    ...     layers += [keras.layers.Dense(y.shape[1], activation="softmax")]
    ...     made = keras.Sequential(layers)
    ...     made.compile(keras.optimizers.Adam(0.1), "categorical_crossentropy")
    ...     return made
    >>> X = np.linspace(-1, 1, 40).reshape(-1, 1)
    >>> labels = np.where(X[:, 0] > 0, "warm", "cold")
    >>> estimator = SKLearnClassifier(model, fit_kwargs={"epochs": 40, "verbose": 0})
    >>> [str(label) for label in estimator.fit(X, labels).predict([[-0.9], [0.9]])]
    ['cold', 'warm']
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags

    def decision_function(self, X: Any) -> Array:
        """The model's outputs, one a class."""
        return self._outputs(X)

    def _learn_target(self, y: Array) -> Array:
        kind = type_of_target(y)
        if kind not in ("binary", "multiclass"):
            raise ValueError(
                f"Unknown label type: SKLearnClassifier.fit expected y to be labels of classes. "
                f"Received: {kind}."
            )
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) == 1:
            raise ValueError(
                "SKLearnClassifier.fit expected y to have two classes at least. "
                f"Received: one class, {shown(self.classes_[0])}."
            )
        self._target_axes = y.ndim
        return np.eye(len(self.classes_))[numbers.reshape(-1)]

    def _as_target(self, outputs: Array) -> Array:
        labels = self.classes_[outputs.argmax(axis=-1)]
        return labels if self._target_axes == 1 else labels.reshape(-1, 1)


class SKLearnRegressor(RegressorMixin, _Wrapper):
    """A model that gives numbers, as a regressor of scikit-learn.

    Args:
        model: a compiled `Model`, a clone of which is trained; or a function that makes one of
            keywords `X` and `y` and `model_kwargs`.
        warm_start: whether `fit` goes on from the weights of the one before, and trains a `Model`
            itself.
        model_kwargs: further keywords for the function.
        fit_kwargs: keywords for the model's `fit`, such as `epochs`.

    Attributes:
        model_: the trained model.
        history_: what its `fit` returned.

    >>> import geartrain as keras
    >>> model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.Adam(0.1), "mse")
    >>> X = np.linspace(-1, 1, 40).reshape(-1, 1)
    >>> estimator = SKLearnRegressor(model, fit_kwargs={"epochs": 60, "verbose": 0})
    >>> bool(estimator.fit(X, 3 * X[:, 0] + 1).score(X, 3 * X[:, 0] + 1) > 0.99)
    True
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags


class SKLearnTransformer(TransformerMixin, _Wrapper):
    """A model whose outputs are features for other estimators, as a transformer of scikit-learn.

    Args:
        model: a compiled `Model`, a clone of which is trained; or a function that makes one of
            keywords `X` and `y` and `model_kwargs`.
        warm_start: whether `fit` goes on from the weights of the one before, and trains a `Model`
            itself.
        model_kwargs: further keywords for the function.
        fit_kwargs: keywords for the model's `fit`, such as `epochs`.

    Attributes:
        model_: the trained model.
        history_: what its `fit` returned.

    >>> import geartrain as keras
    >>> model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
    >>> model.compile("adam", "mse")
    >>> estimator = SKLearnTransformer(model, fit_kwargs={"verbose": 0})
    >>> estimator.fit(np.ones((4, 3)), np.ones((4, 2))).transform(np.ones((5, 3))).shape
    (5, 2)
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def transform(self, X: Any) -> Array:
        """The model's outputs."""
        return self._outputs(X)

"""Models as estimators of scikit-learn, which must be installed to use them."""

from __future__ import annotations

from geartrain.lazy import lazy_names, within

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]

__getattr__, __dir__ = lazy_names(__name__, within(__name__, {"estimators": " ".join(__all__)}))

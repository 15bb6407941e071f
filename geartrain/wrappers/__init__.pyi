# Written by scripts/stubs.py.
from geartrain.wrappers.estimators import SKLearnClassifier as SKLearnClassifier
from geartrain.wrappers.estimators import SKLearnRegressor as SKLearnRegressor
from geartrain.wrappers.estimators import SKLearnTransformer as SKLearnTransformer

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]

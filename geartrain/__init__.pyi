# Written by scripts/stubs.py.
from geartrain import activations as activations
from geartrain import applications as applications
from geartrain import backend as backend
from geartrain import callbacks as callbacks
from geartrain import config as config
from geartrain import constraints as constraints
from geartrain import data as data
from geartrain import datasets as datasets
from geartrain import distribution as distribution
from geartrain import dtype_policies as dtype_policies
from geartrain import errors as errors
from geartrain import export as export
from geartrain import initializers as initializers
from geartrain import layers as layers
from geartrain import losses as losses
from geartrain import metrics as metrics
from geartrain import models as models
from geartrain import naive as naive
from geartrain import ops as ops
from geartrain import optimizers as optimizers
from geartrain import plots as plots
from geartrain import preprocessing as preprocessing
from geartrain import random as random
from geartrain import regularizers as regularizers
from geartrain import resume as resume
from geartrain import saving as saving
from geartrain import summaries as summaries
from geartrain import tree as tree
from geartrain import utils as utils
from geartrain import wrappers as wrappers
from geartrain._version import __version__ as __version__
from geartrain.dtype_policies import DTypePolicy as DTypePolicy
from geartrain.explanation import explain as explain
from geartrain.initializers import Initializer as Initializer
from geartrain.layers import Input as Input
from geartrain.layers.input_spec import InputSpec as InputSpec
from geartrain.layers.layer import Layer as Layer
from geartrain.layers.operation import Operation as Operation
from geartrain.layers.remat_scope import RematScope as RematScope
from geartrain.layers.symbolic import KerasTensor as KerasTensor
from geartrain.losses import Loss as Loss
from geartrain.metrics import Metric as Metric
from geartrain.models import Functional as Functional
from geartrain.models import Model as Model
from geartrain.models import Sequential as Sequential
from geartrain.ops.rematerializing import remat as remat
from geartrain.optimizers import Optimizer as Optimizer
from geartrain.regularizers import Regularizer as Regularizer
from geartrain.runtime.function import grad as grad
from geartrain.runtime.function import jit as jit
from geartrain.runtime.function import value_and_grad as value_and_grad
from geartrain.runtime.scopes import device as device
from geartrain.runtime.scopes import name_scope as name_scope
from geartrain.runtime.staging import StatelessScope as StatelessScope
from geartrain.runtime.variable import Variable as Variable

def version() -> str: ...

__all__ = [
    "DTypePolicy",
    "Functional",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Operation",
    "Optimizer",
    "Regularizer",
    "RematScope",
    "Sequential",
    "StatelessScope",
    "Variable",
    "__version__",
    "activations",
    "applications",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "data",
    "datasets",
    "device",
    "distribution",
    "dtype_policies",
    "errors",
    "explain",
    "export",
    "grad",
    "initializers",
    "jit",
    "layers",
    "losses",
    "metrics",
    "models",
    "naive",
    "name_scope",
    "ops",
    "optimizers",
    "plots",
    "preprocessing",
    "random",
    "regularizers",
    "remat",
    "resume",
    "saving",
    "summaries",
    "tree",
    "utils",
    "value_and_grad",
    "version",
    "wrappers",
]

# The chapter's tensor operations, written out as loops and as NumPy has them.
import numpy as np


def naive_relu(x):
    assert len(x.shape) == 2

    x = x.copy()
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            x[i, j] = max(x[i, j], 0)
    return x


def naive_add(x, y):
    assert len(x.shape) == 2
    assert x.shape == y.shape

    x = x.copy()
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            x[i, j] += y[i, j]
    return x


def naive_add_matrix_and_vector(x, y):
    assert len(x.shape) == 2
    assert len(y.shape) == 1
    assert x.shape[1] == y.shape[0]

    x = x.copy()
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            x[i, j] += y[j]
    return x


def naive_vector_dot(x, y):
    assert len(x.shape) == 1
    assert len(y.shape) == 1
    assert x.shape[0] == y.shape[0]

    z = 0.
    for i in range(x.shape[0]):
        z += x[i] * y[i]
    return z


def naive_matrix_vector_dot(x, y):
    z = np.zeros(x.shape[0])
    for i in range(x.shape[0]):
        z[i] = naive_vector_dot(x[i, :], y)
    return z


def naive_matrix_dot(x, y):
    assert len(x.shape) == 2
    assert len(y.shape) == 2
    assert x.shape[1] == y.shape[0]

    z = np.zeros((x.shape[0], y.shape[1]))
    for i in range(x.shape[0]):
        for j in range(y.shape[1]):
            row_x = x[i, :]
            column_y = y[:, j]
            z[i, j] = naive_vector_dot(row_x, column_y)
    return z


from keras import ops
from keras.backend import dot
from keras.layers import Dense

input = np.random.random((4, 6)).astype("float32") - 0.5
layer = Dense(3, activation='relu')
output = layer(input)
W, b = layer.get_weights()

# output = relu(dot(input, W) + b), four times over
assert np.allclose(naive_relu(naive_add_matrix_and_vector(naive_matrix_dot(input, W), b)), output)
assert np.allclose(np.maximum(np.dot(input, W) + b, 0.), output, atol=1e-6)
assert np.allclose(ops.relu(ops.dot(input, W) + b), output, atol=1e-6)
assert np.allclose(ops.relu(dot(input, W) + b), output, atol=1e-6)

x = np.random.random((64, 3, 32, 10))
y = np.random.random((32, 10))
z = np.maximum(x, y)
assert z.shape == (64, 3, 32, 10)
assert np.array_equal(ops.maximum(x, y), z)

x = np.array([[0., 1.],
              [2., 3.],
              [4., 5.]])
print(x.shape)
x = x.reshape((6, 1))
print(x.shape)
x = x.reshape((2, 3))
print(x)
x = np.zeros((300, 20))
x = np.transpose(x)
print(x.shape)

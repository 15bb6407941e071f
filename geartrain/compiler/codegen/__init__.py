"""Writing LLVM IR as text: values, arithmetic, functions. It knows neither graphs nor kernels."""

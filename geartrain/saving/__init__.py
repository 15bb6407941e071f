"""Files: one pipeline of checks for every format, and what `keras.saving` offers."""

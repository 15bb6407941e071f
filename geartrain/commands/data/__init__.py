"""Data as commands are given it: files, folders and data sets, made to fit a model.

contents.py   the arrays in a file of any kind
table.py      .csv files: columns, names and categories
pictures.py   folders of images, a subfolder a class
samples.py    what of these are a model's inputs and its targets
fitting.py    shapes, scales and labels as the model takes them
options.py    the arguments of commands that say all this
"""

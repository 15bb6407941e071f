"""Programs of older Keras: names and keywords that it had, what they are called now, and why.

Everything here works as it did, with one hint at the line of the program that says what to write
instead. What is renamed is data: `keywords` for arguments, `names` for modules.
"""

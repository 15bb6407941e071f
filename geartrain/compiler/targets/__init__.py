"""The machines that code is made for."""

"""What the tests launch is no module of tests."""

collect_ignore = ["fits.py", "job.py"]

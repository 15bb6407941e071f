"""The programs are run by `geartrain run`; they are neither modules nor tests."""

collect_ignore = ["programs"]

"""The commands of `geartrain`, one a file: HELP, `add_arguments(parser)`, `execute(options)`."""

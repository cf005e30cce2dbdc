"""The command line: a module per command; each one parses, calls, shows the result and exits.

Results go to stdout, messages to stderr. Prefect is imported only where a command runs or triggers
flows. A command's module is imported when the command is called, so that read commands stay fast.
"""

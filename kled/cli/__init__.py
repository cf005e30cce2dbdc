"""The command line: one file per command group; each command parses, calls, renders, exits.

Results go to stdout, words to stderr. Nothing here imports Prefect but the handlers that run or
trigger flows. Modules are imported when their command is called: a read command must stay fast.
"""

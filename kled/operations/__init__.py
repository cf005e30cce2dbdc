"""The use cases: each a sequence of steps over one cluster, the same for the CLI and for flows.

What belongs here: the order of steps, what each looks at before it acts, how it proves what it did,
and what takes it back. What does not: Prefect (flows wrap these steps), kops' flags and words
(`kled.kops`), rendering (`kled.cli`).
"""

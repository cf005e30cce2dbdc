"""What kled knows about clusters: frozen values without I/O, clocks or kops' wording.

What belongs here: values, their comparison, and `as_json`. What does not: reading or writing
anything, and kops' flags or output formats (`kled.kops`). `kled.models.spec` needs pydantic and is
imported only by what creates clusters.
"""

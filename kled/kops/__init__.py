"""Everything that knows kops: its flags, its words, its formats and its errors.

What belongs here: building argv, running kops through a `Runner`, turning its output into
`kled.models` and its failures into `kled.errors`. What does not: deciding what to do (operations),
starting processes (`kled.process`), object stores (`kled.storage`).
"""

"""A simulated kops with its cloud and cluster: for the demo, for tests, and for trying kled out.

What belongs here: an executable with kops' own command line, state-store keys and formats, whose
every answer is computed from its own state. What does not: anything of `kled.kops` or
`kled.models`; a parser and its simulator must not be able to share a mistake (design D9).
"""

"""The verbs of kops, a part of its client for each thing that they are about.

The parts share one `kled.kops.call.KopsCalls`, which runs kops; nothing else reaches it.
"""

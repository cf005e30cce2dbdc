"""Files of this machine: private, written whole, locked, never reached through strangers' links.

The one place for all who write files; knows nothing of kops, of stores or of settings.
"""

"""The Prefect adapter: how steps become task runs, who is asked and told, and the composition root.

Retry policies, sessions with their leases, approvals, windows, events, logs, notifications and what
a run leaves belong here; what a step does belongs to `kled.operations`, which knows no Prefect.
"""

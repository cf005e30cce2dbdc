"""The Kubernetes API of a running cluster: machines, pods, budgets; eviction, and nothing harder.

Plain values go in and come out (`kled.models.kubernetes`), every error is a `KledError`, and no
other room knows the client. kops' words are its callers'.
"""

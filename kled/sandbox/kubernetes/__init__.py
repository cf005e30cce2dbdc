"""The simulated Kubernetes of each simulated cluster: objects, controllers and an HTTPS API.

Nodes are the cloud's machines that joined. Nothing runs between calls: whoever looks first brings
the objects to where controllers and kubelets would have brought them by then (`controllers`).
"""

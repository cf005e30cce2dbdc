"""The simulated kops' state store: where things are, keys, kubeconfigs."""

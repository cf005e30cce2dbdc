"""The fields of a Cluster and an InstanceGroup: names, types, how they are set and unset."""

"""One look each at what is left of a cluster; none changes anything, and each may be repeated."""

"""What the machine had on which the recordings of kops 1.36.2 were made."""

from pathlib import Path

CAPTURES = Path(__file__).parents[1] / "captures" / "kops" / "1.36.2"
OPERATOR = "/home/operator"
PUBLIC_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKCLSa3+QhFwebDYMK9iKYA6DlGi0YZ5DsET9f9XBC/l root@vm\n"
)
BASE_URL = "http://127.0.0.1:5556/kops/1.36.2"
"""KOPS_BASE_URL of the machine that the captures were recorded on."""

"""YAML as kops reads and writes it: one bounded reader and one writer for all of kled.

Kops reads with go-yaml (through sigs.k8s.io/yaml), which takes a plain `Y` for a boolean and a
plain `089012345678` for a number, as YAML 1.1 and 1.2 readers take yet other words. So whatever any
of them could take for something else is quoted here, and what is read follows go-yaml's rules.
"""

from kled.yaml_text.read import document, documents
from kled.yaml_text.write import to_text

__all__ = ["document", "documents", "to_text"]

"""The programs that kled is measured against: a package for each, with what it is built from."""

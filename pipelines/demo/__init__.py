"""The demonstrations that `make demo` runs: real input made from data sets that scikit-learn ships."""

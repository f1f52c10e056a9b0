"""An estimator of scikit-learn: tables of numbers in, clusters out."""

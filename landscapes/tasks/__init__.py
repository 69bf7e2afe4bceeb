"""Small network tasks: data, models, classifiers and GANs."""

"""x."""


def share(opened, *, present):
    pass

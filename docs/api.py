"""Write the pages of the library's API, from its docstrings: python docs/api.py FOLDER (make api).

It takes pdoc, the lightest of its kind: no configuration, one HTML page a module.
"""

from __future__ import annotations

import pkgutil
import sys
import warnings
from pathlib import Path

import optim_core


def write(folder: Path) -> None:
    """The pages of optim_core and everything in it; what cannot be resolved is an error."""
    import pdoc
    import pdoc.render

    for name in optim_core.__all__:  # pdoc looks into the module, where lazy names are not yet
        setattr(optim_core, name, getattr(optim_core, name))
    modules = [module.name for module in pkgutil.iter_modules(optim_core.__path__, "optim_core.")]
    pdoc.render.configure(docformat="google", math=True, show_source=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        pdoc.pdoc("optim_core", *modules, output_directory=folder)


if __name__ == "__main__":
    write(Path(sys.argv[1]))

"""Recipes of `lookahead-lab train --preset`, with the changes that the command line makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from app.cli.settings import card_params, pair

if TYPE_CHECKING:
    from app.runs.recipes import Recipe


def recipe_of(source: str | None, preset: str | None, **options: Any) -> Recipe | None:
    """The recipe that the arguments of `train` name, with its changes; None where they name none.

    Raises:
        click.ClickException: an argument that cannot be read, or that recipes do not take; one line says which and why.
    """
    from app.runs.recipes import RECIPES

    if preset is None or preset not in RECIPES:
        return None
    if source or options["gan"]:
        raise click.ClickException(f"the recipe {preset} is a task of its own: it takes neither SOURCE nor --gan")
    if options["steps"] is not None and options["epochs"] is not None:
        raise click.ClickException("give --steps or --epochs, not both")
    try:
        recipe = RECIPES[preset].with_settings({name: _value(text) for name, text in map(pair, options["extra"])})
    except TypeError as error:
        raise click.ClickException(str(error)) from error
    if not options["optimizers"]:
        return recipe
    from app.state.links import decode

    config, problems = decode(card_params(options["optimizers"]), recipe.page)
    if problems:
        raise click.ClickException("; ".join(problem.split(", so ")[0] for problem in problems))
    return recipe.with_cards(config.cards)


def _value(text: str) -> Any:
    """A number, none, or a word."""
    from app.state.codecs import as_number

    if text == "none":
        return None
    try:
        number = float(as_number(text))
    except ValueError:
        return text
    return int(number) if number.is_integer() and text.isdecimal() else number

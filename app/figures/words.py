"""What a player's picture shows, in one sentence for somebody who sees it for the first time."""

from __future__ import annotations

from app.player.look import LOOK

NAMES = {"circle": "dot"}  # of the shapes in look.json that have a plainer name
DOTS = {
    "surfaces": "an optimizer's weights rolling downhill",
    "games": "the weights of two players, one stepping left or right to lower f, the other up or down to raise it",
    "networks": "all the weights of a network in training, seen on one plane",
    "gans": "all the weights of a GAN in training, the discriminator's across and the generator's upwards",
}
"""What θ is on each page."""


def in_words(page: str, depth: int, *, momentum: bool = False) -> str:
    """One sentence on what is seen.

    Args:
        page: one of DOTS.
        depth: layers of its deepest optimizer.
        momentum: whether some layer has outer momentum.
    """
    shapes = [_name(layer) for layer in range(max(depth, 1) + 1)]
    dot, square, further = shapes[0], shapes[1], list(dict.fromkeys(shapes[2:]))
    sentence = f"Each {dot} is {DOTS[page]}"
    if depth:
        sentence += f"; every k steps its {square}, the slow weights, moves a fraction α towards the {dot}"
        sentence += ", and further by its outer momentum where it has one" if momentum else ""
        sentence += ", which starts again from there"
    if len(further) == 1:
        sentence += f"; its {further[0]}, slower weights still, follows the {square} in the same way"
    elif further:
        sentence += f"; {_enumeration(further)} are slower weights still: each does the same with the shape before it"
    return sentence + "."


def _name(layer: int) -> str:
    shape = LOOK.layer(layer).shape
    return NAMES.get(shape, shape)


def _enumeration(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"

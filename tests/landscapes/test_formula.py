"""Formulas: their meaning against Python's own arithmetic, their LaTeX read back, their errors, and fuzz."""

import math
import re

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from landscapes.expression import CONSTANTS, FUNCTIONS
from landscapes.fields import gradient_field
from landscapes.formula import MAX_DEPTH, MAX_LENGTH, Formula, FormulaError, parse
from landscapes.surfaces import SURFACES, Surface

POINTS = torch.tensor([[0.3, 0.7], [1.5, -0.4], [-1.2, 2.1], [-0.6, -0.9]], dtype=torch.float64)
SQUARE = ((-2.0, 2.0), (-2.0, 2.0))


def value(text: str, x: float = 0.3, y: float = 0.7, **parameters: float) -> float:
    function = parse(text, parameters).objective(parameters)
    return function(torch.tensor([x, y], dtype=torch.float64)).item()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x + y", 1.0),
        ("x - y - 1", -1.4),
        ("x/y/2", 0.3 / 0.7 / 2),
        ("-x^2", -0.09),
        ("(-x)^2", 0.09),
        ("x^2^3", 0.3**8),
        ("2^-x", 2**-0.3),
        ("x**2", 0.09),
        ("--x", 0.3),
        ("-+-x", 0.3),
        ("2x + 3(y - 1)", 0.6 + 3 * (0.7 - 1)),
        ("(x + 1)(y + 1)", 1.3 * 1.7),
        ("1/2x", 0.15),  # from left to right, as everywhere
        ("x*2y", 0.3 * 2 * 0.7),
        ("1.5e1x", 4.5),
        (".5x + 1.", 1.15),
        ("2e x", 2 * math.e * 0.3),
        ("x + e - e", 0.3),
        ("cos(pi*x)", math.cos(math.pi * 0.3)),
        ("cos(2π*x)", math.cos(0.6 * math.pi)),
        ("x×y−1", 0.3 * 0.7 - 1),
        ("min(x, y, 0.1) + max(x, y)", 0.8),
        ("abs(x - y)", 0.4),
        ("ln(x) - log(x) + y", 0.7),
        ("sqrt(x)sqrt(x)", 0.3),
        ("x² + y²", 0.58),
        ("x⁻¹⁰", 0.3**-10),
        ("(x + y)²", 1.0),
        ("√(x²+y²)", 0.58**0.5),
        ("√x + √2/2", 0.3**0.5 + 0.5**0.5),
        ("½x² + ⅔y", 0.045 + 1.4 / 3),
        ("x⋅y", 0.21),
        ("x∗y ÷ 2 – 1", 0.105 - 1),
        ("|x| + |-y|", 1.0),
        ("|x||y| + ||x| - 1|", 0.21 + 0.7),
        ("|x - 1|y|x|", 0.7 * 0.7 * 0.3),
        ("πx + y²", 0.3 * math.pi + 0.49),
        ("2x y", 0.42),
        ("xy + x(y + 1)", 0.21 + 0.51),
        ("[x + 1]^2", 1.69),
        ("sin x", math.sin(0.3)),
        ("sin 2πx cos y", math.sin(0.6 * math.pi) * math.cos(0.7)),
        ("sin xy + 1", math.sin(0.21) + 1),
        ("sinxcosy", math.sin(0.3) * math.cos(0.7)),
        ("sin x^2", math.sin(0.09)),
        ("sin^2(x) + sin²y", math.sin(0.3) ** 2 + math.sin(0.7) ** 2),
        ("xsin(y)", 0.3 * math.sin(0.7)),
        ("xarctan(y)", 0.3 * math.atan(0.7)),
        ("arctan(x) + arcsin(y)", math.atan(0.3) + math.asin(0.7)),
        ("sgn(x) + sign(-y) + y", 0.7),
        ("f(x, y) = x + y", 1.0),
        ("z = x + y", 1.0),
        ("L(x,y) := x", 0.3),
        ("0,5x²", 0.045),
        ("max(0,5, y)", 5.0),  # a list of three
        ("max((0,5), y)", 0.7),
        (r"\frac{1}{2}x^2", 0.045),
        (r"\frac12 x^{2} \cdot y", 0.0315),
        (r"$\sqrt{x^2 + y^2}$", 0.58**0.5),
        (r"e^{-\frac{x^2}{2}} \left|y\right|", math.exp(-0.045) * 0.7),
        (r"\left(1-x\right)^2 + \sin\left(\pi y\right)", 0.49 + math.sin(0.7 * math.pi)),
        (r"\log_{10}(x) + \ln x \, y", None),
        ("𝑥² + 𝑦²", 0.58),  # as copied from a paper
    ],
)
def test_formula_means_what_mathematics_says(text: str, expected: float | None):
    if expected is None:
        with pytest.raises(FormulaError, match="not clear"):
            parse(text)
    else:
        assert value(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("np.sin(x) + np.maximum(x, y)", ["sin(x) + max(x, y)"]),
        ("x**2 - 10*np.cos(2*np.pi*x)", ["x**2 - 10*cos(2*pi*x)"]),
        ("lambda x, y: x**2 + y", ["x**2 + y"]),
        ("x1^2 + x2^2", ["x^2 + y^2"]),
        ("x₁² + 3x_{2}", ["x² + 3y"]),
        ("x[0]**2 + x[1]**2", ["x**2 + y**2"]),
        ("X^2 + Y^2", ["x^2 + y^2"]),
        ("Sin[x] + Exp(y)", ["sin[x] + exp(y)"]),
        ("x^2 + y^2 = 4", ["x^2 + y^2"]),
        ("1,000x", ["1000x", "1.000x"]),
        ("x 2", ["x*2"]),
        ("sin x/2", ["sin(x)/2", "sin(x/2)"]),
        ("sin x y", ["sin(x) y", "sin(x y)"]),
        ("sin x(y + 1)", ["sin(x)(y + 1)", "sin(x(y + 1))"]),
        ("sin -x", ["sin(-x)"]),
        ("x/2y", ["(x/2)y", "x/(2y)"]),
        ("√2x", ["√(2x)", "√(2)x"]),
        ("√x²", ["√(x²)", "√(x)²"]),
        ("sin^-1(x)", ["asin(x)", "1/sin(x)"]),
        ("sinn(x)", ["sin(x)"]),
    ],
)
def test_what_is_not_read_comes_with_the_text_to_write_instead(text: str, instead: list[str]):
    with pytest.raises(FormulaError) as refusal:
        parse(text)
    assert list(refusal.value.instead) == instead
    assert refusal.value.names == ()  # none of them is offered as a parameter
    for other in instead:
        assert parse(other).latex


@pytest.mark.parametrize(
    "text", [r"\sqrt[3]{x}", "x = y", "x + y = x", "x[2] + x", "f(x)", "2½x!", "‖x‖", "x_", r"\frac1x"]
)
def test_other_notations_are_refused(text: str):
    with pytest.raises(FormulaError):
        parse(text)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if FUNCTIONS[name].most == 1])
def test_functions_of_one_argument_are_those_of_the_math_module(name: str):
    python = {"abs": abs, "ln": math.log, "sign": lambda _: 1.0}.get(name) or getattr(math, name)
    x = 1.3 if name == "acosh" else 0.3
    assert value(f"{name}(x)", x=x) == pytest.approx(python(x))


def test_known_surfaces_written_as_formulas_equal_their_objectives():
    texts = {
        "himmelblau": "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
        "rosenbrock": "(1 - x)^2 + 100(y - x^2)^2",
        "rastrigin": "20 + x^2 - 10cos(2pi*x) + y^2 - 10cos(2pi*y)".replace("2pi", "2*pi"),
        "ackley": "-20exp(-.2sqrt((x^2 + y^2)/2)) - exp((cos(2*pi*x) + cos(2*pi*y))/2) + 20 + e",
        "goldstein_price": "(1 + (x + y + 1)^2*(19 - 14x + 3x^2 - 14y + 6x*y + 3y^2))"
        "*(30 + (2x - 3y)^2*(18 - 32x + 12x^2 + 48y - 36x*y + 27y^2))",
    }
    for key, text in texts.items():
        torch.testing.assert_close(parse(text).objective()(POINTS), SURFACES[key].function(POINTS))
        _, gradient = gradient_field(parse(text).objective())(POINTS, 0)
        torch.testing.assert_close(gradient, SURFACES[key].field()(POINTS, 0)[1])


def test_parameters_are_the_listed_names_that_the_formula_uses():
    formula = parse("b2*x^2 + a*sin(y) + b2", parameters=["a", "b2", "unused"])
    assert formula.parameters == ("b2", "a")
    assert value("b2*x^2 + a*sin(y)", a=3.0, b2=2.0) == pytest.approx(2 * 0.09 + 3 * math.sin(0.7))
    with pytest.raises(ValueError, match="parameter b2 must have a finite value, got None"):
        formula.objective({"a": 1.0})
    with pytest.raises(ValueError, match="parameter a must have a finite value, got nan"):
        formula.objective({"a": math.nan, "b2": 1.0})


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", None, "the formula is empty"),
        ("  \n ", None, "the formula is empty"),
        ("3 + pi", None, "the formula is constant"),
        ("x + z", 4, "unknown name 'z'"),
        ("xq + y", 1, "unknown name 'q'"),
        ("x^2 + pq", 6, "unknown name 'pq'"),
        ("x + __import__", 4, "'_' has no meaning here"),
        ("x; y", 1, "';' has no meaning here"),
        ("x +", 3, "the formula ends"),
        ("x + * y", 4, r"'\*' does not fit"),
        ("(x + (y)", 8, r"the formula ends too early: expected '\)'"),
        ("x)", 1, r"'\)' does not fit"),
        ("2 3x", 2, r"an operator such as \* is missing"),
        ("foo(y + 1)", 0, "'foo' is no function"),
        ("sin", 3, r"expected '\('"),
        ("max x", 4, r"expected '\('"),
        ("|x + y", 6, r"expected '\|'"),
        ("(x + y]", 6, r"expected '\)'"),
        ("x[2] + y", 0, "'x' has no parts"),
        (r"\sqrt[3]{x}", 5, "only square roots"),
        ("sin x/2", 5, "where this ends is not clear"),
        ("x²⁰⁰", 1, "an exponent must be within ±100, got 200"),
        ("1 + sin(x, y)", 4, "sin takes 1 argument, got 2"),
        ("max(x)", 0, "max takes 2 to 8 arguments, got 1"),
        ("x^101", 2, "an exponent must be within ±100, got 101"),
        ("x^-(50*pi)", 2, "an exponent must be within"),
        ("x^9^9", 2, r"got 3.8742e\+08"),
        ("x^(1/0)", 2, "got inf"),
        ("x^(0/0)", 2, "got nan"),
        ("x + 1e999", 4, "the number 1e999 is too large"),
        ("x.real", 1, "'.' has no meaning here"),
        ("x + " + "9" * 300, 300, "at most 300 characters, got 304"),
        ("(" * 50 + "x", MAX_DEPTH, "must not nest more than 40 deep"),
        ("-" * 100 + "x", MAX_DEPTH, "must not nest more than 40 deep"),
        ("x" + "^x" * 100, 2 * MAX_DEPTH, "must not nest more than 40 deep"),
        ("√" * 100 + "x", MAX_DEPTH, "must not nest more than 40 deep"),
        ("sin " * 74 + "x", 4 * MAX_DEPTH, "must not nest more than 40 deep"),
        ("|" * 200 + "x", MAX_DEPTH, "must not nest more than 40 deep"),
        ("{[(" * 20 + "x", MAX_DEPTH, "must not nest more than 40 deep"),
        ("x + \x00", 4, "has no meaning here"),
        ("²x", 0, "'2' does not fit"),
        ("٣x", 0, "has no meaning here"),
    ],
)
def test_errors_point_at_the_character(text: str, position: int | None, words: str):
    with pytest.raises(FormulaError, match=words) as refusal:
        parse(text)
    assert refusal.value.position == position
    if position is not None:
        assert f"at character {position + 1}" in str(refusal.value)


def test_unknown_names_are_handed_over_so_that_they_can_become_parameters():
    with pytest.raises(FormulaError, match="unknown names 'a', 'gamma', 'c'") as refusal:
        parse("a*x^2 + gamma*y + c + a")
    assert refusal.value.names == ("a", "gamma", "c")
    assert parse("x^2 + gamma*y", ["gamma"]).parameters == ("gamma",)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("axy + by", ("a", "b")),
        ("kx + λy", ("k", "lambda")),
        ("rate x", ("rate",)),
        ("x1 + x", ("x1",)),
        ("a(x + 1)", ("a",)),
    ],
)
def test_letters_beside_ours_are_parameters_of_their_own(text: str, names: tuple[str, ...]):
    with pytest.raises(FormulaError) as refusal:
        parse(text)
    assert refusal.value.names == names
    assert set(parse(text, names).parameters) == set(names)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["x"], "must not be named like a variable"),
        (["sin"], "must not be named like a variable"),
        (["e"], "must not be named like a variable"),
        (["a b"], "must be a letter and up to 11"),
        (["a" * 13], "must be a letter and up to 11"),
        ([f"a{i}" for i in range(9)], "at most 8, got 9"),
    ],
)
def test_impossible_parameters_are_refused(names: list[str], words: str):
    with pytest.raises(ValueError, match=words):
        parse("x", names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x^2 + 2*x*y", r"x^{2} + 2\,x\,y"),
        ("(x + 1)/(2y)", r"\frac{x + 1}{2\,y}"),
        ("-(x + y)", r"-\left(x + y\right)"),
        ("x - (y - 1)", r"x - \left(y - 1\right)"),
        ("x - -y", r"x - \left(-y\right)"),
        ("-x*y", r"-x\,y"),
        ("(x/y)^2", r"\left(\frac{x}{y}\right)^{2}"),
        ("sin(x)^2", r"\left(\sin\left(x\right)\right)^{2}"),
        ("2*3x", r"2 \cdot 3\,x"),
        ("1.5e-3x", r"1.5 \cdot 10^{-3}\,x"),
        ("alpha*x + b12 + rate*pi", r"\alpha\,x + b_{12} + \mathrm{rate}\,\pi"),
        ("sqrt(abs(x))", r"\sqrt{\left|x\right|}"),
        ("max(x, y, ln(2))", r"\max\left(x, y, \ln\left(2\right)\right)"),
    ],
)
def test_latex_is_what_one_would_write(text: str, expected: str):
    assert parse(text, ["alpha", "b12", "rate"]).latex == expected


def expressions() -> st.SearchStrategy[str]:
    leaves = st.sampled_from([*"xyxyxy", "2", "0.5", "3e-1", "pi", "e"])

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.builds("{}{}{}".format, inner, st.sampled_from(["+", "-", "*", "/"]), inner),
            st.builds("({}){}({})".format, inner, st.sampled_from(["+", "-", "*", "/", ""]), inner),
            st.builds("({})^{}".format, inner, st.sampled_from(["2", "3", "-1", "0.5", "x", "(-y)"])),
            st.builds("-({})".format, inner),
            st.builds("-{}".format, inner),
            st.builds("{}({})".format, st.sampled_from([n for n in FUNCTIONS if FUNCTIONS[n].most == 1]), inner),
            st.builds("{}({},{})".format, st.sampled_from(["min", "max"]), inner, inner),
        )

    return st.recursive(leaves, grow, max_leaves=20)


def attempt(text: str, parameters: tuple[str, ...] | list[str] = ()) -> tuple[Formula | None, FormulaError | None]:
    try:
        return parse(text, parameters), None
    except FormulaError as error:
        return None, error


def in_python(text: str, x: float, y: float) -> float:
    """The oracle, for text that the strategy above made: Python's own parser and math, one point at a time."""
    # fabs, unlike abs, refuses a complex number, which ours would not have come to.
    names = {name: getattr(math, name, None) for name in FUNCTIONS} | CONSTANTS
    names |= {"ln": math.log, "abs": math.fabs, "sign": lambda number: (number > 0) - (number < 0)}
    source = re.sub(r"(\))(\()", r"\1*\2", text).replace("^", "**")
    return eval(source, {"__builtins__": {}}, {**names, "min": min, "max": max, "x": x, "y": y})


@given(expressions())
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_random_formulas_equal_python_and_survive_their_latex(text: str):
    formula, error = attempt(text)
    if formula is None:
        assert any(word in str(error) for word in ("constant", "exponent", "nest", "characters", "not clear"))
        return
    values = formula.objective()(POINTS)
    assert values.shape == (4,)
    for (x, y), ours in zip(POINTS.tolist(), values.tolist(), strict=True):
        try:
            expected = in_python(text, x, y)
        except (ValueError, ZeroDivisionError, OverflowError, TypeError):
            continue  # what has no real value for Python is NaN or infinite for us
        if isinstance(expected, float | int) and math.isfinite(expected) and abs(expected) < 1e12:
            assert ours == pytest.approx(expected, rel=1e-6, abs=1e-6)
    again = formula.latex
    if len(again) <= MAX_LENGTH:
        torch.testing.assert_close(parse(again).objective()(POINTS), values, equal_nan=True, rtol=1e-9, atol=1e-9)


ALPHABET = st.sampled_from(
    [
        *"xyabez0123456789.+-*/^(), \t|_=[]{}'\"\\;:!π²−×∞é√½₁\x00",
        "sin(",
        "exp(",
        "max(",
        "**",
        "1e",
        "sin ",
        "cos^",
        r"\frac{",
        r"\sqrt",
        r"\left",
        "np.",
        "f(x,y)=",
        "x[0]",
        "x1",
    ]
)


@given(st.one_of(st.text(max_size=400), st.lists(ALPHABET, max_size=120).map("".join)))
@example("(" * 299 + "x")
@example("x^" * 149 + "x")
@example("exp(" * 39 + "x" + ")" * 39)
@example("1" + "/x" * 149)
@example("x" + "+x" * 149)
@settings(max_examples=600, deadline=1000)
def test_any_text_gives_a_finished_formula_or_a_formula_error(text: str):
    formula, error = attempt(text, ["a", "b"])
    if formula is None:
        assert error.position is None or 0 <= error.position <= len(text)
        assert all(len(other) <= len(text) + 20 for other in error.instead)
        return
    assert formula.latex
    loss, gradient = gradient_field(formula.objective({"a": 1.5, "b": -2.0}))(POINTS, 0)
    assert loss.shape == (4,)
    assert gradient[loss.isfinite()].isfinite().all()


def test_undefined_places_are_data_and_leave_the_rest_alone():
    function = parse("log(x) + 1/y").objective()
    p = torch.tensor([[-1.0, 1.0], [1.0, 0.0], [1.0, 2.0]], dtype=torch.float64)
    loss, gradient = gradient_field(function)(p, 0)
    assert loss.isnan().tolist() == [True, False, False]
    assert loss[1] == math.inf
    assert loss[2] == 0.5
    assert gradient[2].tolist() == [1, -0.25]


def test_formula_becomes_a_surface_with_minima_a_start_and_an_lr_that_descends():
    surface = parse("(1 - x)^2 + c*(y - x^2)^2", ["c"]).surface(((-2, 2), (-1, 3)), {"c": 10.0})
    assert isinstance(surface, Surface)
    (minimum,) = surface.minima
    assert minimum.place == pytest.approx((1, 1))
    field, x = surface.field(), torch.tensor([surface.start], dtype=torch.float64)
    first = field(x, 0)[0]
    for step in range(500):
        x = x - surface.lr * field(x, step)[1]
    assert surface.function(x) < 0.1 * first
    assert r"\left(y - x^{2}\right)^{2}" in surface.formula
    assert parse("x^2 + y^2").surface(SQUARE, start=(1.0, -1.0), lr=0.25).lr == 0.25


def test_partly_undefined_formula_starts_where_it_is_defined():
    surface = parse("x^2 - log(x) + y^2").surface(((-5, 1), (-1, 1)))
    assert surface.start[0] > 0
    assert surface.minima[0].place == pytest.approx((0.5**0.5, 0))
    with pytest.raises(ValueError, match=r"start must be where the formula is finite, got \(-1.0, 0.0\)"):
        parse("log(x) + y").surface(SQUARE, start=(-1.0, 0.0))


def test_surfaces_that_would_show_nothing_are_refused():
    with pytest.raises(FormulaError, match="not finite anywhere in the domain"):
        parse("log(-x^2 - 1) + y").surface(SQUARE)
    with pytest.raises(FormulaError, match="constant: it is 0 everywhere in the domain"):
        parse("0*x").surface(SQUARE)
    with pytest.raises(FormulaError, match="constant: it is 2 everywhere"):
        parse("x - x + a", ["a"]).surface(SQUARE, {"a": 2.0})
    with pytest.raises(ValueError, match="x_lo < x_hi"):
        parse("x*y").surface(((1, 1), (0, 1)), start=(1, 0), lr=0.1)
    with pytest.raises(ValueError, match="lr must be above 0"):
        parse("x*y").surface(SQUARE, lr=-1.0)

"""What lies below the player of the Surfaces page: the relief with its camera, and the seed cloud."""

import math
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from app.figures.cloud import SIGMAS
from tests.e2e import conftest

PATIENCE = 90_000  # ms: WebGL is drawn by the processor here
PLAYER = "window.__lookaheadPlayers?.['surfaces-player']"
CLOUD = "window.__lookaheadPlayers?.['seed-cloud-player']"
RELIEF = "document.querySelector('.st-key-surfaces-3d .js-plotly-plot')"
SCENE = f"{RELIEF}?._fullLayout?.scene?._scene"
RELIEF_HEADS = "window.__lookaheadReliefs?.['surfaces-3d']"


@pytest.fixture(scope="module")
def browser(playwright):
    """A Chromium that draws WebGL without a graphics card."""
    executable = conftest.find_chromium(playwright)
    if executable is None:
        pytest.skip("no Chromium")
    args = [arg for arg in conftest.CHROMIUM_ARGS if arg != "--disable-gpu"]
    args += ["--use-gl=swiftshader", "--enable-unsafe-swiftshader"]
    chromium = playwright.chromium.launch(executable_path=executable, headless=True, args=args)
    yield chromium
    chromium.close()


def choose(page: Page, view: str) -> None:
    page.set_default_timeout(PATIENCE)
    page.get_by_text(view, exact=True).first.click()


def eye(page: Page) -> list[float]:
    return list(page.evaluate(f"Object.values({SCENE}.getCamera().eye)"))


def at_rest(page: Page) -> list[float]:
    """The camera once it has not moved for a second: a slow machine handles the drag's last events late."""
    before, now = [], eye(page)
    while now != before:
        page.wait_for_timeout(1000)
        before, now = now, eye(page)
    return now


def turn(page: Page) -> None:
    """Drag the relief with the mouse."""
    chart = page.locator(".st-key-surfaces-3d")
    chart.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    box = chart.bounding_box()
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 80, middle[1] + 20, steps=6)
    page.mouse.up()


@pytest.mark.slow
def test_heads_follow_the_player_and_the_camera_survives_a_new_run(open_app, wait_idle):
    page = open_app("/?v=1&surface=himmelblau")
    choose(page, "3D")
    page.wait_for_function(f"{RELIEF_HEADS}?.heads?.length")
    heads = {}
    for row in (1, 100):
        page.evaluate(f"{PLAYER}.seek({row})")
        page.wait_for_function(f"{PLAYER}?.row === {row}")
        page.wait_for_timeout(700)
        heads[row] = page.evaluate(f"{RELIEF_HEADS}.heads.filter(({{layer}}) => layer === 0)")
        assert [each["weights"] for each in heads[row]] == page.evaluate(
            f"{PLAYER}.heads.filter(({{layer}}) => layer === 0).map(({{weights}}) => weights)"
        )
    assert max(math.dist(one["point"], two["point"]) for one, two in zip(*heads.values(), strict=True)) > 30

    before = eye(page)
    turn(page)
    page.wait_for_function(f"Math.abs({SCENE}.getCamera().eye.x - ({before[0]})) > 0.1")
    camera = at_rest(page)
    page.evaluate(f"{RELIEF}.dataset.first = 'yes'")
    k = page.get_by_role("spinbutton", name="k₁").first
    k.fill("9")
    k.press("Enter")
    page.wait_for_function(f"{SCENE} && {RELIEF}.dataset.first !== 'yes' && {RELIEF_HEADS}?.heads?.length")
    page.wait_for_timeout(2500)  # plotly and the scene have settled
    assert eye(page) == pytest.approx(camera, abs=1e-6)


@pytest.mark.slow
def test_a_head_lies_on_the_line_that_plotly_draws(open_app):
    page = open_app("/?v=1&surface=bowl&noise=none")
    choose(page, "3D")
    page.wait_for_function(f"{RELIEF_HEADS}?.heads?.length")
    page.locator(".st-key-surfaces-3d").scroll_into_view_if_needed()
    for row in (10, 25):
        page.evaluate(f"{PLAYER}.seek({row})")
        page.wait_for_timeout(1000)
        head = page.evaluate(
            f"{RELIEF_HEADS}.heads.find(({{name, layer}}) => name.startsWith('Lookahead') && layer === 1)"
        )
        assert orange_near(page, head["point"]) < 3


def orange_near(page: Page, point: list[float]) -> float:
    """Pixels from a point of the relief to the nearest orange one, heads apart."""
    page.evaluate("document.querySelector('.lookahead-relief').style.visibility = 'hidden'")
    box = page.evaluate(f"(({{left, top}}) => [left, top])({SCENE}.container.getBoundingClientRect())")
    reach = 40
    left, top = (round(corner + at) - reach for corner, at in zip(box, point, strict=True))
    picture = page.screenshot(clip={"x": left, "y": top, "width": 2 * reach, "height": 2 * reach})
    page.evaluate("document.querySelector('.lookahead-relief').style.visibility = ''")
    pixels = np.asarray(Image.open(BytesIO(picture)).convert("RGB")).astype(int)
    rows, columns = np.nonzero(np.abs(pixels - [213, 94, 0]).max(axis=-1) < 30)
    assert len(rows)
    assert len(rows) < 0.2 * pixels[..., 0].size  # a line, not an area
    gaps = np.hypot(columns + left - box[0] - point[0], rows + top - box[1] - point[1])
    return float(gaps.min())


@pytest.mark.slow
def test_the_cloud_is_drawn_in_each_optimizers_colour(open_app, wait_idle):
    page = open_app("/?v=1&surface=bowl")
    choose(page, "Seed cloud")
    page.wait_for_function(f"{CLOUD}?.attached && {CLOUD}.overChart")
    wait_idle(page)
    page.evaluate(f"{CLOUD}.seek(100)")
    page.wait_for_function(f"{CLOUD}.row === 100")
    page.wait_for_timeout(700)
    assert page.evaluate(f"{CLOUD}.step") == 500
    # The rightmost drawn pixel of SGD's blue near y = 0 is its ellipse or a dot beyond it: past two deviations of .42.
    reach = page.evaluate(
        """() => {
            const canvas = document.querySelector('.st-key-seed-cloud canvas.lookahead-scene');
            const {xaxis} = document.querySelector('.st-key-seed-cloud .js-plotly-plot')._fullLayout;
            const {data, width, height} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            let last = 0;
            for (let row = Math.floor(0.48 * height); row < 0.52 * height; row++)
                for (let column = 0; column < width; column++) {
                    const [red, , blue, alpha] = data.slice(4 * (row * width + column));
                    if (alpha > 200 && blue > 150 && red < 60) last = Math.max(last, column);
                }
            return xaxis.p2l((last / width) * xaxis._length);
        }"""
    )
    assert SIGMAS * 0.36 < reach < 4 * 0.42


@pytest.mark.slow
def test_without_noise_there_is_nothing_to_see(open_app):
    page = open_app("/?v=1&surface=bowl&noise=none")
    choose(page, "Seed cloud")
    page.get_by_text("all runs from one start are the same").wait_for()


def test_a_view_runs_apart_and_what_it_changes_runs_the_page(open_app, page, wait_idle):
    messages: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: messages.append(len(frame))))
    open_app("/?v=1&surface=bowl&steps=20")
    page.wait_for_function(f"{PLAYER}?.overChart")
    wait_idle(page)
    messages.clear()
    choose(page, "Tune each")
    page.get_by_role("spinbutton", name="lr candidates").wait_for()
    wait_idle(page)
    assert 0 < len(messages) < 50, "the whole page has more than a hundred elements"
    page.get_by_role("spinbutton", name="lr candidates").fill("5")
    page.get_by_role("spinbutton", name="lr candidates").press("Enter")
    wait_idle(page)
    page.get_by_role("button", name="Tune each").click()
    page.get_by_role("button", name="Take the best of each").wait_for()
    before = page.url
    page.get_by_role("button", name="Take the best of each").click()
    page.wait_for_function("(before) => location.href !== before", arg=before)
    wait_idle(page)
    assert page.get_by_text("lr tuned").count() == 3
    assert page.get_by_role("button", name="Undo").is_enabled()

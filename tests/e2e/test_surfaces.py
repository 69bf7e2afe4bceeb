"""The Surfaces page in a real browser, as a student uses it."""

import re

import pytest

PLAYER = "window.__lookaheadPlayers?.['surfaces-player']"
CHART = ".st-key-surfaces-ground .js-plotly-plot"


def ready(page):
    page.wait_for_function(f"{PLAYER}?.attached && {PLAYER}.overChart")


def value(page, expression):
    return page.evaluate(f"{PLAYER}.{expression}")


STILL = """
(selector) => {
  const { top } = document.querySelector(selector).getBoundingClientRect();
  const now = performance.now();
  if (window.chartTop !== top) [window.chartTop, window.chartStillSince] = [top, now];
  return now - window.chartStillSince > 400;
}
"""


def click_at(page, x, y):
    """Click the surface at data coordinates, once what is above it has taken its height."""
    page.wait_for_function(STILL, arg=CHART)
    place = page.evaluate(
        """([selector, x, y]) => {
            const chart = document.querySelector(selector), box = chart.getBoundingClientRect();
            const {xaxis, yaxis} = chart._fullLayout;
            return [box.left + xaxis._offset + xaxis.l2p(x), box.top + yaxis._offset + yaxis.l2p(y)];
        }""",
        [CHART, x, y],
    )
    page.mouse.click(*place)


def test_the_first_load_is_already_playing(open_app):
    page = open_app()
    ready(page)
    page.wait_for_function(f"{PLAYER}?.playing && {PLAYER}.step > 0")
    first = value(page, "step")
    page.wait_for_function(f"{PLAYER}?.step > {first}")


def test_a_control_changes_the_tracks_and_playback_goes_on(open_app, wait_idle):
    page = open_app("/?v=1&surface=bowl&steps=5000&noise=none")
    ready(page)
    value(page, "seek(1000)")
    value(page, "play()")
    before = value(page, "head('Lookahead (5, .5)', 1)")
    k = page.get_by_role("spinbutton", name="k₁").first
    k.fill("50")
    k.press("Enter")
    page.wait_for_function(f"{PLAYER}?.head('Lookahead (50, .5)', 1)")
    wait_idle(page)
    assert value(page, "head('Lookahead (5, .5)', 1)") is None
    assert value(page, "playing")
    assert value(page, "step") >= 1000
    assert before is not None
    assert "2.layers=50%3A0.5" in page.url


def test_the_keyboard_plays_steps_and_jumps(open_app):
    page = open_app("/?v=1&surface=ravine")
    ready(page)
    value(page, "pause()")
    page.locator(".lookahead-player").focus()
    page.keyboard.press("Home")
    page.wait_for_function(f"{PLAYER}?.step === 0")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"{PLAYER}?.step === 1")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"{PLAYER}?.step === 0")
    page.keyboard.press("End")
    page.wait_for_function(f"{PLAYER}?.step === 150")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.wait_for_function(f"{PLAYER}?.playing && {PLAYER}.step > 2")


def test_typing_in_a_field_does_not_move_the_player(open_app):
    page = open_app("/?v=1&surface=ravine")
    ready(page)
    value(page, "pause()")
    value(page, "seek(7)")
    field = page.get_by_role("textbox", name="Start points")
    field.click()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    assert value(page, "step") == 7
    assert not value(page, "playing")


def test_a_click_on_the_surface_sets_the_start(open_app, wait_idle):
    page = open_app("/?v=1&surface=himmelblau")
    ready(page)
    click_at(page, -2.0, 1.5)
    page.wait_for_function("() => /starts=-(1\\.9|2)/.test(location.search)")
    wait_idle(page)
    x, y = map(float, re.search(r"starts=([^&]*)", page.url).group(1).split("%2C"))
    assert (x, y) == pytest.approx((-2.0, 1.5), abs=0.02)  # half a pixel of this chart


def test_undo_after_a_click_brings_the_start_back(open_app, wait_idle):
    page = open_app("/?v=1&surface=himmelblau")
    ready(page)
    before = page.get_by_role("textbox", name="Start points").input_value()
    click_at(page, -2.0, 1.5)
    page.wait_for_function("() => /starts=-(1\\.9|2)/.test(location.search)")
    wait_idle(page)
    page.get_by_role("button", name="Undo").click()
    wait_idle(page)
    assert page.get_by_role("textbox", name="Start points").input_value() == before


def test_the_address_gives_the_same_picture_in_another_browser(open_app, browser, wait_idle):
    page = open_app("/?v=1&surface=beale&steps=300")
    ready(page)
    k = page.get_by_role("spinbutton", name="k₁").first
    k.fill("7")
    k.press("Enter")
    page.wait_for_function("() => location.search.includes('7%3A0.5')")
    wait_idle(page)
    value(page, "pause()")
    value(page, "seek(123)")
    page.wait_for_timeout(200)
    here = value(page, "head('Lookahead (7, .5)', 1)")
    other = browser.new_context(viewport=page.viewport_size).new_page()
    other.goto(page.url)
    ready(other)
    wait_idle(other)
    other.evaluate(f"{PLAYER}.pause()")
    other.evaluate(f"{PLAYER}.seek(123)")
    other.wait_for_timeout(200)
    assert other.evaluate(f"{PLAYER}.head('Lookahead (7, .5)', 1)") == pytest.approx(here, abs=0.5)
    assert other.url == page.url
    other.context.close()


def test_side_by_side_plots_share_one_clock(open_app, wait_idle):
    page = open_app("/?v=1&surface=himmelblau")
    ready(page)
    page.get_by_text("Side by side").click()
    page.wait_for_function(f"document.querySelectorAll('{CHART} .subplot').length === 3")
    wait_idle(page)
    ready(page)
    value(page, "seek(10)")
    page.wait_for_timeout(200)
    heads = [value(page, f"head('{name}', 0)") for name in ("SGD", "Lookahead (5, .5)")]
    assert heads[1][0] - heads[0][0] > 100  # each in its own plot


def test_the_linked_charts_carry_the_cursor(open_app):
    page = open_app("/?v=1&surface=ravine")
    ready(page)
    cursors = [page.locator(f".st-key-surfaces-curves-{number} .lookahead-cursors > div") for number in (1, 2, 3)]
    places = []
    for step in (40, 80):
        value(page, f"seek({step})")
        page.wait_for_timeout(200)
        places.append([cursor.first.bounding_box()["x"] for cursor in cursors])
    expected = page.evaluate(
        """() => [1, 2, 3].map((number) => {
            const chart = document.querySelector(`.st-key-surfaces-curves-${number} .js-plotly-plot`);
            return chart._fullLayout.xaxis.l2p(80) - chart._fullLayout.xaxis.l2p(40);
        })"""
    )
    assert [after - before for before, after in zip(*places, strict=True)] == pytest.approx(expected, abs=1)


def test_no_number_at_a_linked_charts_axis_is_cut_off(open_app):
    """A run that hardly moves takes numbers of twelve letters to tell its losses apart."""
    lrs = "&".join(f"{card}.lr=0.00001" for card in (1, 2, 3))
    page = open_app(f"/?v=1&surface=formula&formula=x^2%2By^2&domain=-0.01,0.01,-0.01,0.01&starts=0.001,0.001&{lrs}")
    numbers = "[class*='st-key-surfaces-curves-'] .ytick text"
    page.wait_for_function(f'document.querySelectorAll("{numbers}").length > 9')
    cut = page.evaluate(
        """(numbers) => [...document.querySelectorAll(numbers)].filter((number) =>
            number.getBoundingClientRect().left < number.closest("svg").getBoundingClientRect().left
        ).map((number) => number.textContent)""",
        numbers,
    )
    assert cut == []


def test_a_diverging_run_is_marked_and_stretches_no_axis(open_app):
    page = open_app("/?v=1&surface=ravine")
    ready(page)
    value(page, "seek(150)")
    page.get_by_text(re.compile(r"diverged at step \d+")).first.wait_for()
    low, high = page.evaluate(f"document.querySelector('{CHART}')._fullLayout.xaxis.range")
    assert (low, high) == (-4, 4)


def test_the_pages_own_name_leads_to_the_root_with_its_settings(open_app, wait_idle):
    page = open_app("/surfaces?v=1&steps=77")
    page.wait_for_url(lambda url: "/surfaces" not in url)
    wait_idle(page)
    ready(page)
    assert "steps=77" in page.url
    assert page.get_by_role("dialog").count() == 0
    assert page.locator('[aria-current="page"]').first.inner_text().endswith("Surfaces")


def test_a_bad_address_is_explained_on_the_page(open_app):
    page = open_app("/?v=1&surface=ravine&steps=0&1.lr=-3")
    ready(page)
    assert page.get_by_text("1.lr: should be greater than 0").is_visible()
    assert page.get_by_text("steps: should be greater than or equal to 1").is_visible()


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_window(open_app, width):
    page = open_app()
    page.set_viewport_size({"width": width, "height": 844})
    ready(page)
    page.wait_for_timeout(500)
    overflow = page.evaluate(
        """() => [...document.querySelectorAll('.stMain *')]
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 1
                && getComputedStyle(e).position !== 'absolute' && !e.closest('[data-testid=stDataFrame], svg, .katex'))
            .map((e) => e.className?.toString().slice(0, 80)).slice(0, 5)"""
    )
    assert overflow == []


def test_each_page_has_one_entry_of_the_history_with_its_own_settings(open_app, wait_idle):
    page = open_app("/?v=1&surface=bowl")
    ready(page)
    page.wait_for_function("window.__lookaheadHistory")
    entries = page.evaluate("history.length")

    def turn_to(name, path):
        page.get_by_test_id("stTopNavLink").filter(has_text=name).click()
        page.wait_for_url(f"**{path}?*")
        wait_idle(page)

    steps = page.get_by_role("spinbutton", name="Base steps")
    steps.fill("70")
    steps.press("Enter")
    page.wait_for_url("**steps=70*")
    turn_to("Games", "/games")
    assert "game=bilinear" in page.url
    turn_to("Theory", "/theory")
    assert page.evaluate("history.length") == entries + 2
    page.go_back()
    page.wait_for_url("**/games?*game=bilinear*")
    wait_idle(page)
    assert page.get_by_role("heading", name="Bilinear").is_visible()
    assert "instrument" not in page.url
    page.go_back()
    page.wait_for_url("**surface=bowl*")
    wait_idle(page)
    assert "game=" not in page.url
    assert steps.input_value() == "70"
    page.go_forward()
    page.wait_for_url("**/games?*game=bilinear*")
    wait_idle(page)
    assert page.get_by_role("heading", name="Bilinear").is_visible()


def test_fields_of_numbers_take_other_dashes_and_decimal_commas(open_app, wait_idle):
    page = open_app("/?v=1&surface=ravine")
    ready(page)
    field = page.get_by_label("lr", exact=True).first

    def enter(text, at_once=False):
        field.click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(text) if at_once else page.keyboard.type(text)
        value = field.input_value()
        page.keyboard.press("Tab")
        wait_idle(page)
        return value

    assert enter("0,5") == "0.5"
    page.wait_for_url("**1.lr=0.5&**")
    assert enter("0,025", at_once=True) == "0.025"
    page.wait_for_url("**1.lr=0.025&**")
    assert enter("\u22121") == "-1"
    page.get_by_test_id("stSidebar").get_by_text("optimizer 1, lr: should be greater than 0").wait_for()


def test_fullscreen_shows_the_chart_with_its_player(open_app):
    page = open_app("/?v=1&surface=himmelblau")
    ready(page)
    assert page.locator(f"{CHART} .modebar-btn[data-title=Fullscreen]").first.is_hidden()
    page.get_by_role("button", name="Fullscreen (f)").click()
    page.wait_for_function("document.fullscreenElement !== null")
    inside = "document.fullscreenElement.querySelector"
    assert page.evaluate(f"{inside}('.js-plotly-plot') !== null")
    assert page.get_by_role("group", name="Playback").is_visible()
    assert page.get_by_role("group", name="Step inspector").is_visible()
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement === null")


def test_a_dragged_start_shows_where_a_step_would_go(open_app):
    page = open_app("/?v=1&surface=bowl&noise=none&steps=20")
    ready(page)
    value(page, "pause()")
    value(page, "seek(0)")
    page.wait_for_function(f"{PLAYER}?.row === 0")
    x, y = value(page, "head('SGD', 0)")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 30, y + 30, steps=4)
    page.wait_for_function(f"{PLAYER}?.slope")
    (x0, y0), (x1, y1) = value(page, "slope")
    center = page.evaluate(
        """selector => { const chart = document.querySelector(selector), {xaxis, yaxis} = chart._fullLayout;
            return [xaxis._offset + xaxis.l2p(0), yaxis._offset + yaxis.l2p(0)]; }""",
        CHART,
    )
    assert abs((x1 - x0) ** 2 + (y1 - y0) ** 2 - 52**2) < 60  # an arrow of one length
    ahead = (x1 - x0) * (center[0] - x0) + (y1 - y0) * (center[1] - y0)
    assert ahead > 0  # downhill
    page.mouse.up()


NAMES = """() => [1, 2, 3].map((number) => document.querySelector(`.st-key-surfaces-curves-${number} .js-plotly-plot`)
    ?.data?.map(({ name }) => name.split(", fast")[0]) ?? [])"""
WITH_THE_TRACKS = """() => new Promise((done) => {
    const player = window.__lookaheadPlayers["surfaces-player"];
    const look = () => {
        if (!player.head("Lookahead (5, .49)")) return requestAnimationFrame(look);
        done((%s)().flat().includes("Lookahead (5, .49)"));
    };
    look();
})"""


def test_the_linked_charts_follow_the_tracks_once_the_script_rests(open_app):
    page = open_app("/?v=1")
    ready(page)
    page.wait_for_function(f"({NAMES})().every((names) => names.includes('Lookahead (5, .5)'))")
    slider = page.locator(".st-key-surfaces-2-1-alpha input").first
    slider.focus()
    charts = page.evaluate_handle(f"({{ came: ({WITH_THE_TRACKS % NAMES})() }})")
    slider.press("ArrowLeft")
    assert not charts.evaluate("({ came }) => came")
    page.wait_for_function(f"({NAMES})().every((names) => names.includes('Lookahead (5, .49)'))")
    for _ in range(6):  # faster than the charts can be asked for
        slider.press("ArrowLeft")
        page.wait_for_timeout(120)
    page.wait_for_function(f"({NAMES})().every((names) => names.includes('Lookahead (5, .43)'))")


SEEN = """() => {
    window.chartsSeen = new Set();
    const look = () => {
        for (const name of (%s)().flat()) window.chartsSeen.add(name);
        requestAnimationFrame(look);
    };
    look();
}"""


def test_charts_that_were_away_come_back_as_they_are_now(open_app, wait_idle):
    page = open_app("/?v=1&surface=bowl&1.layers=5:0.5&steps=20")
    ready(page)
    page.wait_for_function(f"({NAMES})().flat().includes('Lookahead (5, .5)')")
    switch = page.locator(".st-key-surfaces-1-on label")
    switch.click()
    page.get_by_text("Every optimizer is switched off").wait_for()
    wait_idle(page)
    page.locator(".st-key-surfaces-1-1-alpha input").first.press("ArrowLeft")
    page.wait_for_url(re.compile(r"5%3A0\.49"))
    wait_idle(page)
    page.evaluate(SEEN % NAMES)
    switch.click()
    page.wait_for_function("window.chartsSeen.has('Lookahead (5, .49)')")
    assert "Lookahead (5, .5)" not in page.evaluate("[...window.chartsSeen]")

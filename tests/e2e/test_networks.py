"""Networks and GANs in a real browser: they train by themselves, show it live, can be cancelled, and play."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from app.state.links import unpack

SMALL = "v=1&steps=60&train_size=100&batch_size=10"
LONG = "v=1&steps=20000&train_size=100&batch_size=10&snapshot_every=100"
MOST = 180_000  # ms until a cluster has started and trained on a machine with other work to do


def playing(page, player):
    """The player lies over its chart and moves."""
    name = f"window.__lookaheadPlayers?.['{player}']"
    page.wait_for_function(f"{name}?.attached && {name}.overChart", timeout=MOST)
    page.evaluate(f"{name}.seek(0)")
    page.evaluate(f"{name}.play()")
    page.wait_for_function(f"{name}.step > 3", timeout=30_000)


def assert_fits(page, wait_idle):
    """Nothing is wider than a desktop's or a telephone's window."""
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        wait_idle(page)
        page.wait_for_timeout(500)
        overflow = page.evaluate(
            """() => [...document.querySelectorAll('.stMain *')]
                .filter((e) => e.getBoundingClientRect().right > innerWidth + 1
                    && getComputedStyle(e).position !== 'absolute'
                    && !e.closest('[data-testid=stDataFrame], svg, .katex'))
                .map((e) => e.className?.toString().slice(0, 80)).slice(0, 5)"""
        )
        assert overflow == []


def test_a_comparison_trains_by_itself_and_plays_and_opens_at_once_the_next_time(open_app, wait_idle):
    page = open_app(f"/networks?{SMALL}")
    page.get_by_text("Weight space", exact=True).wait_for(timeout=MOST)
    playing(page, "networks-player")
    page.wait_for_function(
        "document.querySelector('.st-key-networks-ground .js-plotly-plot')?.data.length > 0", timeout=MOST
    )
    assert page.locator(".st-key-networks-curves-2 .js-plotly-plot .scatterlayer .trace").count() == 5
    assert_fits(page, wait_idle)
    page.reload()
    page.get_by_text("Weight space", exact=True).wait_for(timeout=20_000)
    assert page.get_by_role("button", name="Cancel").count() == 0


def test_sharpness_fills_its_table_without_holding_up_the_page(open_app):
    page = open_app(f"/networks?{SMALL}&1.layers=5:0.5&1.lr=0.1&network=mlp")
    page.get_by_role("button", name="Measure sharpness").click(timeout=MOST)
    page.get_by_text("2 sets of weights").wait_for(timeout=30_000)
    playing(page, "networks-player")
    table = page.get_by_test_id("stDataFrame").nth(1)
    page.get_by_text("2 sets of weights").wait_for(state="detached", timeout=MOST)
    table.wait_for()
    assert page.get_by_role("button", name="Measure sharpness").count() == 0


def test_a_long_training_shows_live_progress_and_can_be_cancelled(open_app):
    page = open_app(f"/networks?{LONG}&1.lr=0.01&1.layers=none&seed=3")
    page.get_by_text("s left").first.wait_for(timeout=MOST)
    page.wait_for_function(
        "document.querySelector('.st-key-networks-curves-1 .js-plotly-plot')?.calcdata?.[0]?.length > 1", timeout=MOST
    )
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("SGD: cancelled").wait_for(timeout=20_000)
    page.get_by_role("button", name="Train").wait_for()


def test_gans_train_show_their_samples_and_turn_in_the_players_plane(open_app, wait_idle):
    page = open_app("/gans?v=1&steps=60&batch_size=16")
    page.get_by_text("The plane of the two players").wait_for(timeout=MOST)
    playing(page, "gans-player")
    before = "document.querySelector('.st-key-gans-samples .js-plotly-plot')"
    page.wait_for_function(f"{before}?._transitionData?._frames?.length > 5", timeout=30_000)
    page.evaluate("window.__lookaheadPlayers['gans-player'].seek(60)")
    page.wait_for_function(f"{before}._fullLayout.sliders[0].active > 5", timeout=20_000)
    last = page.evaluate(f"{before}.calcdata.at(-1)[0].x")
    page.evaluate("window.__lookaheadPlayers['gans-player'].seek(0)")
    page.wait_for_function(f"{before}._fullLayout.sliders[0].active === 0", timeout=20_000)
    page.wait_for_function(f"Math.abs({before}.calcdata.at(-1)[0].x - ({last})) > 1e-3", timeout=20_000)
    assert page.locator(".st-key-gans-samples .updatemenu-button").first.is_hidden()  # one clock
    slider = page.locator(".st-key-gans-samples .slider-rail-touch-rect")
    slider.scroll_into_view_if_needed()
    rail = slider.bounding_box()
    page.mouse.click(rail["x"] + rail["width"] - 1, rail["y"] + rail["height"] / 2)
    page.wait_for_function("window.__lookaheadPlayers['gans-player'].step === 60", timeout=20_000)
    assert_fits(page, wait_idle)


def test_one_player_of_a_gan_is_stepped_alone(open_app, wait_idle):
    page = open_app("/gans?v=1")
    part = page.get_by_role("button", name="Step D alone", exact=True)
    part.click(timeout=MOST)
    page.get_by_text("and the samples stay.").wait_for(timeout=30_000)
    page.get_by_role("button", name="Step G alone", exact=True).click()
    page.get_by_text("and the discriminator stays.").wait_for(timeout=30_000)
    assert_fits(page, wait_idle)
    page.locator(".st-key-gans-slow-again button").click()
    page.get_by_text("and the discriminator stays.").wait_for(state="detached", timeout=30_000)


@pytest.mark.slow
def test_a_browser_that_is_slow_to_set_up_its_controls_changes_no_setting(open_app, wait_idle):
    """Polling fragments run while the controls are being set up; what they report is what the address says."""
    page = open_app()
    developer_tools = page.context.new_cdp_session(page)
    developer_tools.send("Emulation.setCPUThrottlingRate", {"rate": 8})
    values = {"steps": "90", "train_size": "120", "batch_size": "12", "seed": "7", "1.lr": "0.03", "2.layers": "4:0.25"}
    page.goto(f"{page.url.split('?')[0].rstrip('/')}/networks?v=1&network=mlp&{urlencode(values)}")
    page.get_by_text("Weight space", exact=True).wait_for(timeout=MOST)
    playing(page, "networks-player")
    page.get_by_role("button", name="Add").click()
    page.get_by_text("Weight space", exact=True).wait_for(timeout=MOST)
    wait_idle(page)
    query = dict(parse_qsl(urlsplit(page.url).query))
    query = unpack(query["z"]) if "z" in query else query
    assert {name: query[name] for name in values} == values
    assert (query["network"], query["3.color"]) == ("mlp", "2")
    assert page.get_by_test_id("stSidebar").get_by_label("Base steps", exact=True).input_value() == "90"
    developer_tools.send("Emulation.setCPUThrottlingRate", {"rate": 1})

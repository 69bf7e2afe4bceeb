"""The player finds a chart by the class that Streamlit makes of its key, as it makes classes of controls' keys."""

import pytest

from app.state import GamesConfig, GansConfig, NetworksConfig, SurfacesConfig
from app.state.codecs import widget_values
from app.views.games import page as games
from app.views.gans import page as gans
from app.views.networks import page as networks
from app.views.networks import plane
from app.views.surfaces import controls
from app.views.surfaces import page as surfaces

KEYS = {
    "surfaces": (SurfacesConfig(), [surfaces.CHART, controls.PLAYER, *surfaces.CURVES]),
    "games": (GamesConfig(), [games.CHART, games.PLAYER, *games.CURVES]),
    "networks": (NetworksConfig(), [plane.CHART, plane.PLAYER, *plane.HONESTY, *networks.CURVES]),
    "gans": (GansConfig(), [gans.CHART, gans.PLAYER, gans.SAMPLES, *gans.HONESTY, *gans.CURVES]),
}


@pytest.mark.parametrize("page", KEYS)
def test_no_chart_has_the_class_of_a_control(page):
    config, keys = KEYS[page]
    controls_of_page = {f"{page}.{name}".replace(".", "-") for name in widget_values(config)}
    assert controls_of_page
    assert not controls_of_page & set(keys)
    assert len(keys) == len(set(keys))

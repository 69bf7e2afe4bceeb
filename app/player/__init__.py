"""The animation component: tracks of a run become bytes, which player.js draws over the charts."""

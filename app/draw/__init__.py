"""Painters: a chart or scene value as Plotly, matplotlib, animation or HTML."""

"""The same runs and exports without a browser."""

"""Results become chart and scene values; nothing here draws."""

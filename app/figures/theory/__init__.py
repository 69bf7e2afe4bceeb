"""Charts of closed forms and of measurements, one file per instrument."""

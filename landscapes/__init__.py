"""What is optimised: surfaces, games, noise, formulas and small network tasks."""

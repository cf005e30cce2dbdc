"""Speed, measured as ratios in one run: what kled costs over what it drives."""

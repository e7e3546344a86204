"""Pure arithmetic on arrays of samples: accuracy curves, costs, intervals, limits and fits."""

"""How often people draw the boundaries of a probability: printed by tests/benchmarks/regions.py --boundaries."""

import matplotlib.pyplot as plt

predicted = [0.04, 0.14, 0.24, 0.35, 0.45, 0.55, 0.62]
drawn = [0.05, 0.11, 0.23, 0.38, 0.48, 0.61, 0.65]
figure, ax = plt.subplots(figsize=(3.6, 3.6), layout="constrained")
ax.plot([0, 1], [0, 1], color="0.7", linestyle="--")
ax.plot(predicted, drawn, marker="o")
ax.set(xlabel="probability of the boundary", ylabel="share of people who draw it", xlim=(0, 1), ylim=(0, 1))
ax.set_aspect("equal")

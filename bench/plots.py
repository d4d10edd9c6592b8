"""Plots as SVG, by hand: lines over named steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 230, 40, 50
COLOURS = ("#1b6ca8", "#d1495b", "#3a7d44", "#8d5fd3", "#b8860b", "#4a4a4a", "#0f8b8d", "#a23e48")
DECADE_STEPS = (1, 2, 5)


def line_plot(title: str, unit: str, steps: Sequence[str], series: Mapping[str, Sequence[float | None]]) -> str:
    """Lines by name, one value a step (None: not measured), on a logarithmic scale.

    Returns an SVG document. `unit` is what the values count.
    """
    values = [value for line in series.values() for value in line if value]
    low, high = _bounds(values)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
        f'<text x="{LEFT - 8}" y="{TOP - 4}" text-anchor="end" fill="#555">{escape(unit)}</text>',
        *_grid(low, high),
        *(
            f'<text x="{_x(n, len(steps)):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{escape(step)}</text>'
            for n, step in enumerate(steps)
        ),
    ]
    for n, (name, line) in enumerate(series.items()):
        colour = COLOURS[n % len(COLOURS)]
        parts += _line([_point(i, len(steps), value, low, high) for i, value in enumerate(line) if value], colour)
        y = TOP + 14 + n * 20
        parts.append(f'<rect x="{WIDTH - RIGHT + 16}" y="{y - 9}" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 34}" y="{y + 2}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=1), max(values, default=10)
    return math.log10(low * 0.8), math.log10(high * 1.25)


def _x(step: int, steps: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * ((step + 0.5) / max(steps, 1))


def _y(value: float, low: float, high: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (math.log10(value) - low) / (high - low))


def _point(step: int, steps: int, value: float, low: float, high: float) -> tuple[float, float]:
    return _x(step, steps), _y(value, low, high)


def _grid(low: float, high: float) -> list[str]:
    found = []
    for decade in range(math.floor(low), math.ceil(high) + 1):
        for step in DECADE_STEPS:
            value = step * 10.0**decade
            if low <= math.log10(value) <= high:
                y = _y(value, low, high)
                found.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
                found.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_number(value)}</text>')
    return found


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _line(points: Sequence[tuple[float, float]], colour: str) -> list[str]:
    lines = [
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="2"/>'
        for (x1, y1), (x2, y2) in pairwise(points)
    ]
    return lines + [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in points]

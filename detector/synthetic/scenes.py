"""The named scenes. Each is a function of the seed alone; size, rate and length are given when it is rendered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from detector.synthetic.camera_path import CameraPath, Knot
from detector.synthetic.movers import Mover
from detector.synthetic.scene import Flash, Light, Scene

_WHITE, _SILVER, _RED, _BLUE, _DARK, _OLIVE, _TAN = (
    (214, 216, 216),
    (172, 174, 172),
    (52, 50, 168),
    (140, 84, 52),
    (58, 56, 54),
    (62, 88, 84),
    (120, 158, 178),
)


def _line(
    seed: int,
    start: tuple[float, float],
    speed: tuple[float, float],
    seconds: float,
    up: float = 220.0,
    pitch: float = -50.0,
    yaw: tuple[float, float] = (0.0, 0.0),
    hfov: tuple[float, float] = (52.0, 52.0),
    **unrest: float,
) -> CameraPath:
    """A straight flight with even turn and zoom."""
    shares = np.linspace(0, 1.05, 8)
    knots = tuple(
        Knot(
            float(s * seconds),
            start[0] + speed[0] * s * seconds,
            start[1] + speed[1] * s * seconds,
            up,
            yaw[0] + (yaw[1] - yaw[0]) * s,
            pitch,
            hfov[0] + (hfov[1] - hfov[0]) * s,
        )
        for s in shares.tolist()
    )
    return CameraPath(knots, seed=seed, **unrest)


def _walker(
    key: int,
    start: tuple[float, float],
    end: tuple[float, float],
    speed: float = 1.4,
    bgr: tuple[int, int, int] = _DARK,
    kind: str = "person",
) -> Mover:
    return Mover(key, kind, (start, end), ((0.0, speed),), bgr)


def demo(seed: int) -> Scene:
    """Along the strip: an entry, a crossing, a convoy, speeding, a long stay at the storage site, three flashes."""
    seconds = 40.0
    path = CameraPath(
        tuple(
            Knot(t, -190 + 9 * t, -100 + 3 * np.sin(t / 5), 220.0, 2.5 * np.sin(t / 7), -50 + 0.8 * np.sin(t / 9), 52.0)
            for t in np.linspace(0, 42, 15).tolist()
        ),
        seed=seed,
    )
    convoy = tuple(
        Mover(
            20 + i,
            "truck" if i % 2 == 0 else "van",
            ((62, -30), (32, 18), (-400, 18)),
            ((0.0, 0.0), (9.5 + 2.75 * i, 0.0), (11.0 + 2.75 * i, 12.0)),
            _OLIVE if i % 2 == 0 else _TAN,
        )
        for i in range(4)
    )
    movers = (
        Mover(
            1,
            "van",
            ((-150, 48), (-150, 127), (-130, 131), (60, 127)),
            ((0, 0), (1, 6.5), (16, 6.5), (22, 6.5), (24, 0)),
            _WHITE,
        ),
        Mover(2, "car", ((20, 42), (20, 330)), ((0, 0), (15.5, 0), (17.5, 13.0)), _RED),
        Mover(3, "car", ((10, 21), (-600, 21)), ((0, 0), (0.8, 0), (1.8, 22.0)), _DARK),
        Mover(4, "van", _ring((165, 26), 14.0, 9), ((0, 4.5),), _SILVER),
        Mover(5, "car", ((-265, 15.5), (30, 15.5)), ((0, 7.0), (30, 7.0)), _BLUE),
        *convoy,
        _walker(31, (-205, 44), (-150, 30)),
        _walker(32, (-60, 30), (-20, 36), 1.2, _BLUE),
        _walker(33, (-58, 31), (-18, 37.5), 1.2, _RED),
        _walker(34, (-280, 30), (-282, 66), 1.5),
        _walker(35, (76, 20), (74, -16), 1.3, _OLIVE),
        _walker(36, (60, 36), (40, 26), 0.6, (190, 200, 206), "cow"),
    )
    flashes = tuple(Flash(k, t, e, n) for k, t, e, n in ((1, 30.0, 90, 128), (2, 31.2, 92, 130), (3, 32.8, 89, 129)))
    return Scene("demo", demo.__doc__ or "", seconds, path, seed, movers, Light(cloud=0.22), flashes)


def _ring(centre: tuple[float, float], radius: float, turns: int) -> tuple[tuple[float, float], ...]:
    angle = np.linspace(0, 2 * np.pi * turns, 16 * turns + 1)
    return tuple(
        zip((centre[0] + radius * np.cos(angle)).tolist(), (centre[1] + radius * np.sin(angle)).tolist(), strict=True)
    )


def crossing(seed: int) -> Scene:
    """One car drives north over the line of contact; another stays 60 m south of it."""
    movers = (
        Mover(1, "car", ((20, 122), (20, 420)), ((0, 11.0),), _RED),
        Mover(2, "van", ((-40, 108), (120, 108)), ((0, 6.0),), _WHITE),
    )
    return Scene("crossing", crossing.__doc__ or "", 9.0, _line(seed, (10, 0), (1.5, 0.0), 9.0), seed, movers)


def entry(seed: int) -> Scene:
    """One van drives from the road into the strip and on inside it; another turns back 40 m before it."""
    movers = (
        Mover(1, "van", ((-150, 30), (-150, 127), (40, 127)), ((0, 10.0),), _WHITE),
        Mover(2, "car", ((-95, 18), (-95, 42), (-89, 42), (-89, 18)), ((0, 4.0),), _DARK),
    )
    return Scene("entry", entry.__doc__ or "", 16.0, _line(seed, (-135, -100), (1.0, 0.0), 16.0), seed, movers)


def _traffic(
    rng: np.random.Generator, centre: tuple[float, float], spread: float, cars: int, people: int, seconds: float
) -> tuple[Mover, ...]:
    movers = []
    for key in range(cars + people):
        car = key < cars
        start, angle = np.array(centre) + rng.uniform(-spread, spread, 2), rng.uniform(0, 2 * np.pi)
        speed = float(rng.uniform(4, 14) if car else rng.uniform(0.9, 1.9))
        end = start + np.array([np.cos(angle), np.sin(angle)]) * speed * (seconds + 5)
        kind = str(rng.choice(["car", "van", "truck"], p=[0.7, 0.2, 0.1])) if car else "person"
        tone = tuple(int(v) for v in rng.integers(40, 230, 3))
        movers.append(
            Mover(
                key + 1,
                kind,
                (tuple(start.tolist()), tuple(end.tolist())),
                ((0.0, speed),),
                (tone[0], tone[1], tone[2]),
            )
        )
    return tuple(movers)


def night(seed: int) -> Scene:
    """Dark and noisy, within the quiet hours: vehicles and people on the move."""
    rng = np.random.default_rng([seed, 20])
    light = Light(gain=0.34, noise=8.0, tint=(1.08, 1.0, 0.92))
    movers = (
        *_traffic(rng, (-200, 60), 90, 7, 4, 12),
        Mover(90, "car", ((-320, 18), (-180, 18)), ((0, 6.0),), _SILVER),
    )
    return Scene(
        "night",
        night.__doc__ or "",
        12.0,
        _line(seed, (-260, -110), (4, 0), 12.0),
        seed,
        movers,
        light,
        start="2026-03-01T23:10:00Z",
    )


def fast_pan(seed: int) -> Scene:
    """A fast flight that turns and zooms: the picture moves by 7 px and more a frame and is blurred (1/100 s)."""
    path = _line(seed, (-200, -20), (22, 4), 10.0, up=190, pitch=-72, yaw=(-20, 75), hfov=(50, 62), exposure_s=0.01)
    return Scene(
        "fast_pan",
        fast_pan.__doc__ or "",
        10.0,
        path,
        seed,
        _traffic(np.random.default_rng([seed, 21]), (-80, 60), 120, 12, 4, 10),
    )


def oblique(seed: int) -> Scene:
    """Low and flat over houses and trees: strong parallax behind moving vehicles."""
    path = _line(seed, (-330, -150), (9, 1.0), 12.0, up=95, pitch=-27, yaw=(6, 14), hfov=(48, 48))
    return Scene(
        "oblique",
        oblique.__doc__ or "",
        12.0,
        path,
        seed,
        _traffic(np.random.default_rng([seed, 22]), (-230, 50), 90, 10, 4, 12),
        Light(cloud=0.15),
    )


def hover(seed: int) -> Scene:
    """The drone stands in the wind; trees wave, water moves, traffic passes."""
    path = _line(seed, (-40, 180), (0, 0), 12.0, up=210, pitch=-62, sway_m=0.8, drift_deg=0.25)
    return Scene(
        "hover",
        hover.__doc__ or "",
        12.0,
        path,
        seed,
        _traffic(np.random.default_rng([seed, 23]), (-40, 270), 90, 8, 5, 12),
        wind_m_s=8.0,
    )


def events(seed: int) -> Scene:
    """Muzzle flashes, three bursts with smoke, cloud shadow and two exposure steps over ordinary traffic."""
    rng = np.random.default_rng([seed, 24])
    spots = rng.uniform([-120, 95], [90, 210], (9, 2))
    flashes = tuple(
        Flash(
            i + 1,
            float(1.2 + 1.15 * i),
            float(e),
            float(n),
            radius_m=2.8 if i % 3 == 2 else 1.1,
            duration_s=0.16 if i % 3 == 2 else 0.06,
            smoke=i % 3 == 2,
        )
        for i, (e, n) in enumerate(spots)
    )
    light = Light(cloud=0.35, steps=((4.0, 1.12), (8.0, 0.84)))
    return Scene(
        "events",
        events.__doc__ or "",
        12.0,
        _line(seed, (-40, -60), (3, 0), 12.0),
        seed,
        _traffic(rng, (-20, 120), 90, 8, 5, 12),
        light,
        flashes,
    )


def walkers(seed: int) -> Scene:
    """People only: a group of six, pairs and single walkers, three to eight pixels tall, and grazing animals."""
    group = tuple(
        _walker(i + 1, (-60 + 1.6 * (i % 3), 40 + 2.0 * (i // 3)), (-10 + 1.6 * (i % 3), 60 + 2.0 * (i // 3)), 1.4)
        for i in range(6)
    )
    rng = np.random.default_rng([seed, 25])
    animals = tuple(
        _walker(40 + i, (20 + 6 * i, 55 + 3 * (i % 2)), (26 + 6 * i, 70), 0.5, (180, 190, 196), "cow") for i in range(4)
    )
    single = tuple(replace(m, key=m.key + 10) for m in _traffic(rng, (-20, 50), 45, 0, 8, 12))
    path = _line(seed, (-30, -20), (1.5, 0), 12.0, up=110, pitch=-55, hfov=(46, 46))
    return Scene("walkers", walkers.__doc__ or "", 12.0, path, seed, group + single + animals)


def faulty(seed: int) -> Scene:
    """The scene of `entry`, meant for the telemetry faults."""
    return replace(entry(seed), name="faulty", about=faulty.__doc__ or "")


def cut(seed: int) -> Scene:
    """At 4 s the picture jumps elsewhere, from 7 to 9.5 s dense fog: registration has to fail, and say so."""
    movers = _traffic(np.random.default_rng([seed, 26]), (0, 60), 120, 8, 2, 12)
    path = _line(seed, (-120, -80), (5, 0), 12.0)
    return Scene("cut", cut.__doc__ or "", 12.0, path, seed, movers, Light(fog=(7.0, 9.5)), cut_s=4.0)


def empty(seed: int) -> Scene:
    """Nothing moves on the ground, no wind; only the drone flies."""
    return Scene("empty", empty.__doc__ or "", 10.0, _line(seed, (-160, -60), (8, 1), 10.0), seed, wind_m_s=0.0)


def light(seed: int) -> Scene:
    """Only light changes: cloud shadow, slow swings, two exposure steps."""
    changes = Light(cloud=0.4, swing=0.12, steps=((3.0, 1.15), (6.5, 0.8)))
    return Scene(
        "light", light.__doc__ or "", 10.0, _line(seed, (-100, -60), (4, 0), 10.0), seed, light=changes, wind_m_s=4.0
    )


def parallax(seed: int) -> Scene:
    """Only parallax: a low oblique flight over houses and trees, nothing moves but the camera."""
    path = _line(seed, (-350, -95), (11, 1.0), 10.0, up=80, pitch=-30, yaw=(4, 16), hfov=(50, 50))
    return Scene("parallax", parallax.__doc__ or "", 10.0, path, seed, wind_m_s=0.5)


def revisit(seed: int) -> Scene:
    """Out and back over the same ground: while the camera is away a truck and a van come and park; one stood there."""
    east = (
        (0, -160),
        (4, -112),
        (8, -62),
        (12, -12),
        (16, 30),
        (18, 36),
        (20, 30),
        (24, -14),
        (28, -66),
        (32, -116),
        (36, -150),
    )
    knots = tuple(Knot(float(t), float(e), -60.0, 110.0, 0.0, -50.0, 52.0) for t, e in (*east, (40, -160)))
    movers = (
        Mover(1, "truck", ((-320, 40), (-120, 36)), ((0, 0), (9, 0), (10, 14), (40, 14)), _OLIVE),
        Mover(2, "van", ((-96, 220), (-96, 52)), ((0, 0), (9, 0), (10, 12), (40, 12)), _WHITE),
        Mover(3, "car", ((-142, 30), (-141, 30)), ((0, 0),), _RED),
        Mover(4, "car", ((-250, 18), (-60, 18), (-300, 22)), ((0, 12),), _BLUE),
    )
    path = CameraPath(knots, seed=seed)
    return Scene("revisit", revisit.__doc__ or "", 38.0, path, seed, movers, Light(cloud=0.2))


SCENES: dict[str, Callable[[int], Scene]] = {
    make.__name__: make
    for make in (
        demo,
        crossing,
        entry,
        night,
        fast_pan,
        oblique,
        hover,
        events,
        walkers,
        faulty,
        cut,
        empty,
        light,
        parallax,
        revisit,
    )
}

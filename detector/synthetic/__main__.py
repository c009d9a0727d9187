"""python -m detector.synthetic: make feeds with known truth, and the demo's map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from typer.core import TyperGroup

from detector.synthetic.agreement import write_map
from detector.synthetic.encode import write_feed
from detector.synthetic.faults import Fault
from detector.synthetic.scene import Scene
from detector.synthetic.scenes import SCENES
from detector.synthetic.sheet import write_sheet
from detector.synthetic.sound import Listening, demo_ground, demo_listening, write_listening

_NOT_WRITABLE = 4  # as trucewatch has it


class _Commands(TyperGroup):
    """What cannot be written is one message and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except OSError as error:
            typer.echo(f"{error.filename or 'the output'}: cannot be written: {error.strerror}", err=True)
            raise typer.Exit(_NOT_WRITABLE) from None


app = typer.Typer(cls=_Commands, help="Drone footage with known truth.", no_args_is_help=True, add_completion=False)


@app.command("list")
def list_scenes() -> None:
    """Name, length and content of each scene."""
    for name, make in SCENES.items():
        scene = make(1)
        typer.echo(f"{name:9} {scene.seconds:4.0f} s  {scene.about}")


@app.command("map")
def demo_map(out: Annotated[Path, typer.Option(help="GeoJSON file to write.")] = Path("configs/demo.geojson")) -> None:
    """Write the map of the demo's agreement."""
    write_map(out)
    typer.echo(f"{out}")


@app.command("sheet")
def sheet(
    out: Annotated[Path, typer.Option(help="Picture to write, .jpg or .png.")] = Path("docs/pictures/scenes.jpg"),
) -> None:
    """Draw one picture of each scene, side by side; about a minute."""
    write_sheet(out)
    typer.echo(f"{out}")


@app.command("sound")
def sound(
    name: Annotated[str, typer.Argument(help="One of `list`: its flashes are heard.")],
    out: Annotated[Path, typer.Option(help="Folder to write: a FLAC and its station for each microphone, the truth.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same samples and truth.")] = 1,
) -> None:
    """Make what five microphones around a scene hear."""
    _written(demo_listening, name, out, seed)


@app.command("ground")
def ground(
    name: Annotated[str, typer.Argument(help="One of `list`: its flashes are felt.")],
    out: Annotated[Path, typer.Option(help="Folder to write: a FLAC and its station, the truth.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same samples and truth.")] = 1,
) -> None:
    """Make what one geophone at the side of a scene feels."""
    _written(demo_ground, name, out, seed)


def _written(listening: Callable[[Scene], Listening], name: str, out: Path, seed: int) -> None:
    if name not in SCENES:
        raise typer.BadParameter(f"{name!r} is not a scene; allowed are {', '.join(SCENES)}")
    files = write_listening(replace(listening(SCENES[name](seed)), seed=seed), out)
    size = sum(file.stat().st_size for file in files) / 1e6
    typer.echo(f"{out}: {len(files)} sensor{'' if len(files) == 1 else 's'}, {size:.1f} MB")


@app.command()
def make(
    name: Annotated[str, typer.Argument(help="One of `list`.")],
    out: Annotated[Path, typer.Option(help="Transport stream to write; the truth goes beside it.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same pixels and truth.")] = 1,
    seconds: Annotated[float | None, typer.Option(help="Length; the scene's own if not given.", min=0.04)] = None,
    size: Annotated[str, typer.Option(help="Width x height, even numbers.")] = "1280x720",
    fps: Annotated[str, typer.Option(help="Frames a second, 25 or 30000/1001.")] = "25",
    bitrate_mbit: Annotated[float, typer.Option(help="H.264 bit rate [Mbit/s].", min=0.05)] = 4.0,
    fault: Annotated[list[Fault] | None, typer.Option(help="May be given several times.")] = None,
    klv: Annotated[float | None, typer.Option(help="Telemetry sets a second.", min=0.1)] = None,
) -> None:
    """Render one scene.

    Example: python -m detector.synthetic make crossing --out /tmp/crossing.ts --size 640x360 --fault bad-checksum
    """
    if name not in SCENES:
        raise typer.BadParameter(f"{name!r} is not a scene; allowed are {', '.join(SCENES)}")
    scene = SCENES[name](seed)
    if klv is not None:
        scene = replace(scene, telemetry=replace(scene.telemetry, rate_hz=klv))
    try:
        width, height = map(int, size.lower().split("x"))
        numerator, _, denominator = fps.partition("/")
        rate = (int(numerator), int(denominator or 1))
    except ValueError as error:
        raise typer.BadParameter(f"--size {size} --fps {fps}: allowed are 1280x720 and 25 or 30000/1001") from error
    if width % 2 or height % 2 or min(width, height) < 64:
        raise typer.BadParameter(f"--size {size}: both sides must be even and at least 64")
    out.open("ab").close()  # before minutes of rendering
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task(name, total=None)
        truth = write_feed(
            scene,
            out,
            size_px=(width, height),
            fps=rate,
            seconds=seconds,
            bitrate_mbit_s=bitrate_mbit,
            faults=fault or (),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    typer.echo(f"{out} {out.stat().st_size / 1e6:.1f} MB, truth {truth}")


if __name__ == "__main__":
    app()
